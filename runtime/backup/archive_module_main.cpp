// The inside of libplaybook-archive.so. libarchive converts names through the locale of the thread, so each call that meets a name runs in
// C.UTF-8; names that are not UTF-8 are stored as the bytes that they are.
#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <clocale>

#include "runtime/backup/archive_module.h"

namespace playbook {
namespace {

class Utf8Locale {
 public:
  Utf8Locale() {
    static const locale_t own = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (own) before_ = ::uselocale(own);
  }
  ~Utf8Locale() {
    if (before_) ::uselocale(before_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t before_ = nullptr;
};

struct Free {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using Entry = std::unique_ptr<archive_entry, Free>;

constexpr std::pair<EntryKind, unsigned> kTypes[] = {{EntryKind::folder, AE_IFDIR},           {EntryKind::file, AE_IFREG},
                                                     {EntryKind::symlink, AE_IFLNK},          {EntryKind::pipe, AE_IFIFO},
                                                     {EntryKind::character_device, AE_IFCHR}, {EntryKind::block_device, AE_IFBLK},
                                                     {EntryKind::socket, AE_IFSOCK}};

std::string problem(archive* handle) {
  const char* text = archive_error_string(handle);
  return text && *text ? text : "libarchive said nothing";
}

std::string told(archive* handle, la_ssize_t result) { return result < ARCHIVE_OK ? problem(handle) : ""; }

// `prefix` goes before names of the tree, and stands for the root itself.
Entry to_archive(const TreeEntry& from, const std::string& prefix) {
  Entry entry(archive_entry_new());
  auto named = [&](const std::string& path) { return path.empty() ? prefix : prefix + "/" + path; };
  archive_entry_copy_pathname(entry.get(), named(from.path).c_str());
  for (auto [kind, type] : kTypes)
    if (kind == from.kind) archive_entry_set_filetype(entry.get(), type);
  archive_entry_set_perm(entry.get(), from.mode);
  archive_entry_set_uid(entry.get(), from.uid);
  archive_entry_set_gid(entry.get(), from.gid);
  archive_entry_set_mtime(entry.get(), from.seconds, from.nanoseconds);
  if (from.kind == EntryKind::symlink) archive_entry_copy_symlink(entry.get(), from.target.c_str());
  if (!from.same_as.empty()) archive_entry_copy_hardlink(entry.get(), named(from.same_as).c_str());
  if (from.kind == EntryKind::character_device || from.kind == EntryKind::block_device)
    archive_entry_set_rdev(entry.get(), ::makedev(from.major, from.minor));
  bool with_content = from.kind == EntryKind::file && from.same_as.empty();
  if (with_content)
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(from.size));
  else if (from.same_as.empty())
    archive_entry_set_size(entry.get(), 0);
  for (const auto& [name, value] : from.xattrs) archive_entry_xattr_add_entry(entry.get(), name.c_str(), value.data(), value.size());
  if (with_content)
    for (auto [offset, length] : from.data)
      archive_entry_sparse_add_entry(entry.get(), static_cast<la_int64_t>(offset), static_cast<la_int64_t>(length));
  return entry;
}

std::string below_root(const char* name) {
  std::string path = name ? name : "";
  while (path.starts_with("./")) path.erase(0, 2);
  while (path.ends_with("/")) path.pop_back();
  return path == "." ? "" : path;
}

TreeEntry from_archive(archive_entry* from) {
  TreeEntry entry;
  entry.path = below_root(archive_entry_pathname(from));
  for (auto [kind, type] : kTypes)
    if (archive_entry_filetype(from) == type) entry.kind = kind;
  entry.mode = archive_entry_perm(from);
  entry.uid = static_cast<uid_t>(archive_entry_uid(from));
  entry.gid = static_cast<gid_t>(archive_entry_gid(from));
  entry.seconds = archive_entry_mtime(from);
  entry.nanoseconds = archive_entry_mtime_nsec(from);
  if (const char* target = archive_entry_symlink(from)) entry.target = target;
  if (const char* first = archive_entry_hardlink(from)) entry.same_as = below_root(first), entry.kind = EntryKind::file;
  if (entry.kind == EntryKind::file) entry.size = static_cast<std::uint64_t>(archive_entry_size(from));
  entry.major = ::major(archive_entry_rdev(from)), entry.minor = ::minor(archive_entry_rdev(from));
  archive_entry_xattr_reset(from);
  const char* name;
  const void* value;
  for (size_t size; archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK;)
    entry.xattrs[name] = std::string(static_cast<const char*>(value), size);
  archive_entry_sparse_reset(from);
  for (la_int64_t offset, length; archive_entry_sparse_next(from, &offset, &length) == ARCHIVE_OK;) entry.data.emplace_back(offset, length);
  return entry;
}

class Writer final : public TarWriter {
 public:
  Writer() : handle_(archive_write_new()) {
    archive_write_set_format_pax(handle_);
    archive_write_set_options(handle_, "pax:xattrheader=SCHILY");
    archive_write_set_bytes_per_block(handle_, 0);
    archive_write_open(handle_, this, nullptr, &take, nullptr);
  }
  ~Writer() override { archive_write_free(handle_); }
  std::string begin(const TreeEntry& entry) override {
    Utf8Locale locale;
    int result = archive_write_header(handle_, to_archive(entry, ".").get());
    return result == ARCHIVE_WARN ? "" : told(handle_, result);  // a name that is not UTF-8 is written as bytes, with a warning
  }
  std::string write(std::string_view content) override {
    while (!content.empty()) {
      la_ssize_t written = archive_write_data(handle_, content.data(), content.size());
      if (written <= 0) return problem(handle_);
      content.remove_prefix(static_cast<size_t>(written));
    }
    return "";
  }
  std::string finish() override { return told(handle_, archive_write_close(handle_)); }

 private:
  static la_ssize_t take(archive*, void* self, const void* data, size_t size) {
    static_cast<Writer*>(self)->bytes.append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  }
  archive* handle_;
};

class Reader final : public TarReader {
 public:
  explicit Reader(TarFeed feed) : handle_(archive_read_new()), feed_(std::move(feed)) {
    archive_read_support_format_tar(handle_);
    archive_read_set_options(handle_, "tar:!mac-ext");
    opened_ = archive_read_open(handle_, this, nullptr, &give, nullptr);
  }
  ~Reader() override { archive_read_free(handle_); }
  std::string next(TreeEntry& entry, bool& ended) override {
    Utf8Locale locale;
    archive_entry* found = nullptr;
    int result = opened_ == ARCHIVE_OK ? archive_read_next_header(handle_, &found) : opened_;
    ended = result == ARCHIVE_EOF;
    if (ended) return drained();
    if (result < ARCHIVE_WARN) return problem(handle_);
    entry = from_archive(found);
    return "";
  }
  std::string read(TarBlock& block) override {
    const void* data = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    int result = archive_read_data_block(handle_, &data, &size, &offset);
    if (result == ARCHIVE_EOF)
      size = 0;
    else if (result < ARCHIVE_WARN)
      return problem(handle_);
    block = {{static_cast<const char*>(data), size}, static_cast<std::uint64_t>(offset)};
    return "";
  }

 private:
  static la_ssize_t give(archive* handle, void* self, const void** data) {
    auto piece = static_cast<Reader*>(self)->feed_();
    if (!piece) {
      archive_set_error(handle, EIO, "its bytes cannot be read");
      return ARCHIVE_FATAL;
    }
    *data = piece->data();
    return static_cast<la_ssize_t>(piece->size());
  }
  // What follows the end mark is read as well, so that the feed sees its own end.
  std::string drained() {
    for (;;) {
      auto piece = feed_();
      if (!piece) return "its bytes cannot be read";
      if (piece->empty()) return "";
    }
  }
  archive* handle_;
  TarFeed feed_;
  int opened_ = ARCHIVE_FATAL;
};

class Maker final : public TreeMaker {
 public:
  Maker(std::string root, bool owners) : handle_(archive_write_disk_new()), root_(std::move(root)) {
    int flags = ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
                ARCHIVE_EXTRACT_SECURE_NODOTDOT;
    if (owners) flags |= ARCHIVE_EXTRACT_OWNER;
    archive_write_disk_set_options(handle_, flags);
  }
  ~Maker() override { archive_write_free(handle_); }
  std::string begin(const TreeEntry& entry) override {
    Utf8Locale locale;
    return told(handle_, archive_write_header(handle_, to_archive(entry, root_).get()));
  }
  std::string write(const TarBlock& block) override {
    return told(handle_, archive_write_data_block(handle_, block.bytes.data(), block.bytes.size(), static_cast<la_int64_t>(block.offset)));
  }
  std::string end_entry() override { return told(handle_, archive_write_finish_entry(handle_)); }
  std::string finish() override { return told(handle_, archive_write_close(handle_)); }

 private:
  archive* handle_;
  std::string root_;
};

class Module final : public ArchiveModule {
 public:
  std::unique_ptr<TarWriter> write_tar() const override { return std::make_unique<Writer>(); }
  std::unique_ptr<TarReader> read_tar(TarFeed feed) const override { return std::make_unique<Reader>(std::move(feed)); }
  std::unique_ptr<TreeMaker> make_tree(const std::string& root, bool owners) const override {
    return std::make_unique<Maker>(root, owners);
  }
};

}  // namespace
}  // namespace playbook

extern "C" __attribute__((visibility("default"))) const playbook::ArchiveModule& playbook_archive_module_1();
extern "C" const playbook::ArchiveModule& playbook_archive_module_1() {
  static const playbook::Module module;
  return module;
}
