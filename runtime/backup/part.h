// One file of a backup set, written and read in a single pass: content -> zstd -> SHA-256 -> file, and back. Memory does not grow with the
// content.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "runtime/backup/manifest.h"
#include "runtime/backup/work.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"

namespace playbook {

class PartWriter {
 public:
  /// Makes `folder`/`file` (0600), which must not exist, and the folders on the way (0700). `expected_bytes` chooses how many threads
  /// compress.
  PartWriter(const std::filesystem::path& folder, std::string file, std::string source, Encoding encoding, std::uint64_t expected_bytes,
             Work& work);
  ~PartWriter();
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;

  /// For a source that proves its content in another way: `content_sha256` stays empty. Before the first `write`.
  void leave_content_unhashed() { hashes_content_ = false; }

  void write(std::string_view content);
  /// Ends the file and syncs it.
  Part finish();

 private:
  struct Compressor;
  void compress(std::string_view content, bool last);
  void store(std::string_view bytes);

  Part part_;
  std::filesystem::path path_;
  Work& work_;
  Descriptor file_;
  std::unique_ptr<Compressor> compressor_;
  Sha256 stored_, content_;
  bool hashes_content_ = true;
};

/// Reads the decoded content of a part.
class PartReader {
 public:
  PartReader(const std::filesystem::path& folder, const Part& part, Work& work);
  ~PartReader();
  PartReader(const PartReader&) = delete;
  PartReader& operator=(const PartReader&) = delete;

  /// The next piece, valid until the next call; none at the end, which is reached only by content that is what the manifest says. Throws
  /// `backup.corrupt`.
  std::string_view next();

 private:
  struct Decoder;
  std::string_view read();
  std::string_view decode();

  const Part& part_;
  Work& work_;
  std::filesystem::path path_;
  Descriptor file_;
  std::string buffer_;
  std::unique_ptr<Decoder> decoder_;
  std::uint64_t bytes_ = 0;
  Sha256 hash_;
  bool ended_ = false;
};

/// Hands over the decoded content in pieces. Throws `backup.corrupt` when the file does not decode to its end, or is not what the manifest
/// says.
void read_part(const std::filesystem::path& folder, const Part& part, Work& work, const std::function<void(std::string_view)>& sink);

enum class Durable { no, yes };

/// Decodes into a new file `to` (0600, an older one is overwritten) and syncs it, where it is to last.
void extract_part(const std::filesystem::path& folder, const Part& part, Work& work, const std::filesystem::path& to,
                  Durable durable = Durable::yes);

/// Hands over a file in pieces.
void read_in_pieces(const std::filesystem::path& path, const std::function<void(std::string_view)>& sink);

/// write(2) to the end; `path` names it in errors.
void write_fully(int fd, std::string_view bytes, const std::filesystem::path& path);

}  // namespace playbook
