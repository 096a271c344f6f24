#include "runtime/backup/part.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <vector>

#include "runtime/base/error.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr int kJob = 1 << 20;
constexpr int kLevel = 3;
constexpr std::uint64_t kWorthThreads = 16u << 20;
constexpr size_t kPiece = 256 << 10;

Error corrupt(const Part& part, const std::string& why) {
  return {Code::backup_corrupt, part.file + " " + why, "take the set from another copy, or use another set"};
}

}  // namespace

void write_fully(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, "cannot write " + path.string());
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

void read_in_pieces(const fs::path& path, const std::function<void(std::string_view)>& sink) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw system_error(errno, "cannot open " + path.string());
  std::vector<char> buffer(kPiece);
  for (;;) {
    ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count == 0) return;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, "cannot read " + path.string());
    sink({buffer.data(), static_cast<size_t>(count)});
  }
}

struct PartWriter::Compressor {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  std::string out = std::string(ZSTD_CStreamOutSize(), '\0');
};

PartWriter::PartWriter(const fs::path& folder, std::string file, std::string source, Encoding encoding, std::uint64_t expected_bytes,
                       Work& work)
    : path_(folder / file), work_(work) {
  part_.file = std::move(file);
  part_.source = std::move(source);
  part_.encoding = encoding;
  make_folder(path_.parent_path());
  file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file_) throw system_error(errno, "cannot make " + path_.string());
  if (encoding == Encoding::plain) return;
  compressor_ = std::make_unique<Compressor>();
  auto set = [&](ZSTD_cParameter parameter, int value) { ZSTD_CCtx_setParameter(compressor_->context.get(), parameter, value); };
  set(ZSTD_c_compressionLevel, kLevel);
  set(ZSTD_c_checksumFlag, 1);
  if (expected_bytes < kWorthThreads) return;
  set(ZSTD_c_nbWorkers, static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 8u)));
  set(ZSTD_c_jobSize, kJob);  // by itself it takes four windows a worker: 136 MiB for eight, in place of 28
}

PartWriter::~PartWriter() = default;

void PartWriter::write(std::string_view content) {
  part_.bytes += content.size();
  if (hashes_content_) content_.update(content);
  if (compressor_)
    compress(content, false);
  else
    store(content);
  work_.advance(content.size());
}

void PartWriter::compress(std::string_view content, bool last) {
  ZSTD_inBuffer input{content.data(), content.size(), 0};
  for (;;) {
    ZSTD_outBuffer output{compressor_->out.data(), compressor_->out.size(), 0};
    size_t left = ZSTD_compressStream2(compressor_->context.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) throw Error(Code::backup_failed, "cannot compress " + part_.file + ": " + ZSTD_getErrorName(left));
    store({compressor_->out.data(), output.pos});
    if (last ? left == 0 : input.pos == input.size) return;
  }
}

void PartWriter::store(std::string_view bytes) {
  write_fully(file_.get(), bytes, path_);
  stored_.update(bytes);
  part_.stored_bytes += bytes.size();
}

Part PartWriter::finish() {
  if (compressor_) compress({}, true);
  if (::fsync(file_.get()) != 0) throw system_error(errno, "cannot sync " + path_.string());
  ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);  // what verifies it should read the disk, not the cache
  file_.reset();
  part_.sha256 = stored_.finish();
  if (hashes_content_) part_.content_sha256 = content_.finish();
  return part_;
}

struct PartReader::Decoder {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(), &ZSTD_freeDCtx};
  std::string out = std::string(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer input{nullptr, 0, 0};
  size_t left = 1;    // 0 exactly at the end of a frame
  bool full = false;  // there is more to come out without more going in
};

PartReader::PartReader(const fs::path& folder, const Part& part, Work& work)
    : part_(part), work_(work), path_(folder / part.file), file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)), buffer_(kPiece, '\0') {
  if (!file_) throw system_error(errno, "cannot open " + path_.string());
  if (part.encoding == Encoding::zstd) decoder_ = std::make_unique<Decoder>();
}

PartReader::~PartReader() = default;

std::string_view PartReader::next() {
  if (ended_) return {};
  std::string_view piece = decoder_ ? decode() : read();
  bytes_ += piece.size();
  if (bytes_ > part_.bytes) throw corrupt(part_, "decodes to more than " + std::to_string(part_.bytes) + " bytes");
  if (!part_.content_sha256.empty()) hash_.update(piece);
  work_.advance(piece.size());
  if (!piece.empty()) return piece;
  ended_ = true;
  if (bytes_ != part_.bytes) throw corrupt(part_, "decodes to " + std::to_string(bytes_) + " of " + std::to_string(part_.bytes) + " bytes");
  if (!part_.content_sha256.empty() && hash_.finish() != part_.content_sha256)
    throw corrupt(part_, "decodes to another content than was stored");
  return {};
}

std::string_view PartReader::read() {
  ssize_t count;
  do count = ::read(file_.get(), buffer_.data(), buffer_.size());
  while (count < 0 && errno == EINTR);
  if (count < 0) throw system_error(errno, "cannot read " + path_.string());
  return {buffer_.data(), static_cast<size_t>(count)};
}

std::string_view PartReader::decode() {
  Decoder& d = *decoder_;
  for (;;) {
    if (!d.full && d.input.pos == d.input.size) {
      std::string_view piece = read();
      if (piece.empty() && d.left != 0) throw corrupt(part_, "ends in the middle");
      if (piece.empty()) return {};
      d.input = {piece.data(), piece.size(), 0};
    }
    ZSTD_outBuffer output{d.out.data(), d.out.size(), 0};
    d.left = ZSTD_decompressStream(d.context.get(), &output, &d.input);
    if (ZSTD_isError(d.left)) throw corrupt(part_, std::string("does not decode (") + ZSTD_getErrorName(d.left) + ")");
    d.full = d.left != 0 && output.pos == output.size;
    if (output.pos > 0) return {d.out.data(), output.pos};
  }
}

void read_part(const fs::path& folder, const Part& part, Work& work, const std::function<void(std::string_view)>& sink) {
  PartReader reader(folder, part, work);
  for (std::string_view piece = reader.next(); !piece.empty(); piece = reader.next())
    if (sink) sink(piece);
}

void extract_part(const fs::path& folder, const Part& part, Work& work, const fs::path& to, Durable durable) {
  Descriptor file(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) throw system_error(errno, "cannot make " + to.string());
  if (::fchmod(file.get(), 0600) != 0) throw system_error(errno, "cannot set the mode of " + to.string());
  read_part(folder, part, work, [&](std::string_view piece) { write_fully(file.get(), piece, to); });
  if (durable == Durable::yes && ::fsync(file.get()) != 0) throw system_error(errno, "cannot sync " + to.string());
}

}  // namespace playbook
