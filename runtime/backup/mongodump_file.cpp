// Where a mongodump archive lies in a file: plain, in gzip, or in Appsmith's tar. libarchive unpacks; what a tar's member holds is unpacked
// once more.
#include <cerrno>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/backup/libarchive.h"
#include "runtime/backup/mongodump_archive.h"
#include "runtime/base/error.h"

namespace playbook {
namespace {

constexpr size_t kChunk = 256u << 10;
constexpr const char* kMember = "mongodb-data.gz";

class Unpacker {
 public:
  Unpacker(std::string what, const CancelToken* cancel) : what_(std::move(what)), cancel_(cancel) {
    libarchive().archive_read_support_filter_gzip(archive_.get());
    libarchive().archive_read_support_format_tar(archive_.get());
    libarchive().archive_read_support_format_raw(archive_.get());
  }

  void open(const std::filesystem::path& file) { must(libarchive().archive_read_open_filename(archive_.get(), file.c_str(), kChunk)); }
  void open(const ByteSource& bytes) {
    source_ = &bytes;
    must(libarchive().archive_read_open(archive_.get(), this, nullptr, &Unpacker::give, nullptr));
  }

  /// The next member's name, without folders; nothing at the end.
  std::optional<std::string> next() {
    archive_entry* entry = nullptr;
    int status = libarchive().archive_read_next_header(archive_.get(), &entry);
    if (status == ARCHIVE_EOF) return std::nullopt;
    must(status);
    const char* name = libarchive().archive_entry_pathname(entry);
    return std::filesystem::path(name ? name : "?").filename().string();
  }

  /// True where the bytes are no tar: then they are the only member.
  bool is_raw() const { return libarchive().archive_format(archive_.get()) == ARCHIVE_FORMAT_RAW; }

  /// Bytes of the member, none at its end.
  std::string_view read() {
    if (cancel_) cancel_->check();
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
    buffer_.resize(kChunk);
    la_ssize_t size = libarchive().archive_read_data(archive_.get(), buffer_.data(), buffer_.size());
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
    if (size < 0) must(static_cast<int>(size));
    return {buffer_.data(), static_cast<size_t>(size)};
  }

 private:
  struct Free {
    void operator()(archive* read) const { libarchive().archive_read_free(read); }
  };

  // An exception may not cross libarchive: it is kept, and thrown again by whoever asked.
  static la_ssize_t give(archive* read, void* self, const void** into) {
    auto* unpacker = static_cast<Unpacker*>(self);
    try {
      std::string_view bytes = (*unpacker->source_)();
      *into = bytes.data();
      return static_cast<la_ssize_t>(bytes.size());
    } catch (const std::exception& error) {
      unpacker->failed_ = std::current_exception();
      libarchive().archive_set_error(read, EIO, "%s", error.what());
      return ARCHIVE_FATAL;
    }
  }

  void must(int status) {
    if (status >= ARCHIVE_WARN) return;
    if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
    const char* said = libarchive().archive_error_string(archive_.get());
    throw Error(Code::backup_corrupt, what_ + " cannot be unpacked: " + (said ? said : "it is damaged"),
                "take it from another copy, or use another backup");
  }

  const std::string what_;
  const CancelToken* const cancel_;
  const ByteSource* source_ = nullptr;
  std::exception_ptr failed_;
  std::unique_ptr<archive, Free> archive_{libarchive().archive_read_new()};
  std::string buffer_;
};

MongodumpArchive read_from(Unpacker& unpacker, const std::string& what, const DocumentSink& sink) {
  return read_mongodump([&] { return unpacker.read(); }, what, sink);
}

}  // namespace

MongodumpArchive read_mongodump_file(const std::filesystem::path& file, const DocumentSink& sink, const CancelToken* cancel) {
  const std::string what = file.filename().string();
  if (!std::filesystem::exists(file)) throw Error(Code::file_missing, file.string() + " does not exist");
  Unpacker outer(what, cancel);
  outer.open(file);
  for (std::optional<std::string> member = outer.next(); member; member = outer.next()) {
    if (outer.is_raw()) return read_from(outer, what, sink);
    if (*member != kMember) continue;
    const ByteSource bytes = [&] { return outer.read(); };
    Unpacker inner(what + ": " + kMember, cancel);
    inner.open(bytes);
    if (!inner.next()) break;
    return read_from(inner, what + ": " + kMember, sink);
  }
  throw Error(Code::backup_corrupt, what + " does not verify: it holds no " + kMember,
              "name a backup of Appsmith, or an archive of mongodump");
}

}  // namespace playbook
