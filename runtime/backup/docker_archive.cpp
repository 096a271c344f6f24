#include "runtime/backup/docker_archive.h"

#include <filesystem>
#include <map>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/json.h"

namespace playbook {
namespace {

constexpr size_t kLargestJson = 4u << 20;
constexpr size_t kMostMembers = 100'000;

class DockerArchiveReader {
 public:
  DockerArchiveReader(const TarFeed& feed, const std::string& what) : what_(what), tar_(archive_module().read_tar(feed)) {}

  DockerArchive read() {
    TreeEntry entry;
    for (bool ended = false; told(tar_->next(entry, ended)), !ended; entry = {}) member(entry);
    try {
      return judge();
    } catch (const Json::exception&) {
      refuse("its manifest.json or configuration lacks a member");
    }
  }

 private:
  struct Member {
    std::string digest, json, target;
  };

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(Code::backup_corrupt, what_ + " is no whole image: " + why, "take it from another copy, or pull the image again");
  }
  void told(const std::string& problem) const {
    if (!problem.empty()) refuse(problem);
  }

  void member(const TreeEntry& entry) {
    if (members_.size() >= kMostMembers) refuse("it has too many files");
    Member& found = members_[entry.path];
    found.target = entry.kind == EntryKind::symlink
                       ? (std::filesystem::path(entry.path).parent_path() / entry.target).lexically_normal().string()
                       : entry.same_as;
    if (entry.kind != EntryKind::file || !entry.same_as.empty()) return;
    Sha256 hash;
    for (;;) {
      TarBlock block;
      told(tar_->read(block));
      if (block.bytes.empty()) break;
      hash.update(block.bytes);
      if (entry.size <= kLargestJson && (!found.json.empty() || block.bytes.front() == '{' || block.bytes.front() == '['))
        found.json += block.bytes;
    }
    found.digest = hash.finish();
  }

  const Member& at(const std::string& path) const {
    auto found = members_.find(path);
    for (int links = 0; found != members_.end() && !found->second.target.empty() && links < 8; ++links)
      found = members_.find(found->second.target);
    if (found == members_.end() || found->second.digest.empty()) refuse(path + " is missing");
    return found->second;
  }

  DockerArchive judge() const {
    const Json manifest = Json::parse(at("manifest.json").json, nullptr, false);
    if (!manifest.is_array() || manifest.size() != 1) refuse("its manifest.json is not of one image");
    const std::string path = manifest[0].at("Config");
    const Member& config = at(path);
    if (std::filesystem::path(path).stem() != config.digest) refuse("its configuration is not the one that its name says");
    const Json ids = Json::parse(config.json, nullptr, false).at("rootfs").at("diff_ids"), layers = manifest[0].at("Layers");
    if (ids.size() != layers.size()) refuse("it has " + std::to_string(layers.size()) + " of " + std::to_string(ids.size()) + " layers");
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::string layer = layers[i], &digest = at(layer).digest;
      if (ids[i] != Json("sha256:" + digest) && std::filesystem::path(layer).filename() != digest)  // the second: stored compressed
        refuse("layer " + layer + " is not the one that its configuration names");
    }
    return {"sha256:" + config.digest, ids.size()};
  }

  const std::string what_;
  const std::unique_ptr<TarReader> tar_;
  std::map<std::string, Member> members_;
};

}  // namespace

DockerArchive read_docker_archive(const TarFeed& feed, const std::string& what) { return DockerArchiveReader(feed, what).read(); }

}  // namespace playbook
