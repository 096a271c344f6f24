#include "runtime/backup/tree_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>

#include "runtime/backup/archive_module.h"
#include "runtime/backup/tree_walk.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/module.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPiece = 256 << 10;
constexpr size_t kNamed = 5;         // differences that an error names
constexpr size_t kRemembered = 100;  // and that a manifest keeps

std::string some_of(const std::vector<std::string>& lines) {
  std::vector<std::string> first(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(std::min(lines.size(), kNamed)));
  return join(first, ", ") + (lines.size() > kNamed ? " and " + std::to_string(lines.size() - kNamed) + " more" : "");
}

// Everything that changes when somebody writes to it. A folder stays what it is: what comes and goes in it is seen by itself.
std::string stamp_of(const TreeWalk::Found& found) {
  const struct stat& s = found.status;
  std::string stamp =
      std::to_string(s.st_ino) + " " + std::to_string(s.st_mode) + " " + std::to_string(s.st_uid) + ":" + std::to_string(s.st_gid);
  if (found.entry.kind == EntryKind::folder) return stamp;
  return stamp + " " + std::to_string(s.st_size) + " " + std::to_string(s.st_mtim.tv_sec) + "." + std::to_string(s.st_mtim.tv_nsec) + " " +
         std::to_string(s.st_ctim.tv_sec) + "." + std::to_string(s.st_ctim.tv_nsec);
}

// What is no hole, for files that have some.
std::vector<std::pair<std::uint64_t, std::uint64_t>> data_of(int file, const struct stat& status) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> data;
  if (static_cast<std::uint64_t>(status.st_blocks) * 512 >= static_cast<std::uint64_t>(status.st_size)) return data;
  off_t at = 0;
  while (at < status.st_size) {
    off_t begin = ::lseek(file, at, SEEK_DATA);
    if (begin < 0 || begin >= status.st_size) break;  // nothing but a hole from here
    at = std::min<off_t>(::lseek(file, begin, SEEK_HOLE), status.st_size);
    if (at <= begin) return {};  // a file system that does not know
    data.emplace_back(begin, at - begin);
  }
  if (data.empty()) data.emplace_back(0, 0);
  return data;
}

/// Exactly `size` bytes of a file; what it lost meanwhile is given as zeros.
void read_exactly(int file, std::uint64_t size, const fs::path& path, std::string& buffer,
                  const std::function<void(std::string_view)>& sink) {
  buffer.resize(kPiece);
  for (std::uint64_t at = 0; at < size;) {
    size_t wanted = static_cast<size_t>(std::min<std::uint64_t>(kPiece, size - at));
    ssize_t count = ::pread(file, buffer.data(), wanted, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, "cannot read " + path.string());
    if (count == 0) std::fill_n(buffer.begin(), wanted, '\0'), count = static_cast<ssize_t>(wanted);
    sink({buffer.data(), static_cast<size_t>(count)});
    at += static_cast<std::uint64_t>(count);
  }
}

/// Writes a tree into the archive, and its listing with stamps into a scratch file.
class Storing {
 public:
  Storing(const Tree& tree, PartWriter& part, const fs::path& notes, Work& work)
      : tree_(tree), part_(part), work_(work), tar_(archive_module().write_tar()), notes_(notes, std::ios::binary), notes_path_(notes) {}

  void run() {
    TreeWalk walk(tree_.root, tree_.excluded);
    while (auto found = walk.next()) {
      if (found->entry.kind == EntryKind::socket)
        state_["skipped"].push_back(found->path);
      else
        store(*found);
    }
    if (!walk.denied().empty()) throw system_error(EACCES, "cannot read the folder " + walk.denied()[0]);
    told(tar_->finish(), "");
    notes_.flush();
    if (!notes_) throw system_error(errno ? errno : EIO, "cannot write " + notes_path_.string());
    for (const auto& [uid, gid] : owners_) state_["owners"].push_back(std::to_string(uid) + ":" + std::to_string(gid));
  }
  Json state() const { return state_; }

 private:
  void store(TreeWalk::Found& found) {
    TreeEntry& entry = found.entry;
    bool content = entry.kind == EntryKind::file && entry.same_as.empty();
    std::string sha256;
    if (content) {
      auto file = TreeWalk::open(found, tree_.root);
      if (!file) return;  // vanished, which the second walk finds
      entry.data = data_of(file->get(), found.status);
      told(tar_->begin(entry), found.path);
      Sha256 hash;
      read_exactly(file->get(), entry.size, tree_.root / found.path, buffer_, [&](std::string_view piece) {
        hash.update(piece);
        told(tar_->write(piece), found.path);
      });
      sha256 = hash.finish();
      count("bytes", entry.size);
    } else {
      told(tar_->begin(entry), found.path);
    }
    count(entry.kind == EntryKind::folder ? "folders" : "files", 1);
    owners_.insert({entry.uid, entry.gid});
    Listed line = listed(entry, found.path, sha256);
    line.facts["stamp"] = stamp_of(found);
    notes_ << to_line(line);
  }
  // Looks at an answer of the module and passes on what it made.
  void told(const std::string& problem, const std::string& path) {
    if (!problem.empty()) throw Error(Code::backup_failed, "cannot archive " + (tree_.root / path).string() + ": " + problem);
    if (tar_->bytes.empty()) return work_.advance(0);
    part_.write(tar_->bytes);
    tar_->bytes.clear();
  }
  void count(const char* key, std::uint64_t more) { state_[key] = state_[key].get<std::uint64_t>() + more; }

  const Tree& tree_;
  PartWriter& part_;
  Work& work_;
  std::unique_ptr<TarWriter> tar_;
  std::ofstream notes_;
  fs::path notes_path_;
  std::string buffer_;
  std::set<std::pair<uid_t, gid_t>> owners_;
  Json state_{{"files", 0u}, {"folders", 0u}, {"bytes", 0u}, {"owners", Json::array()}, {"skipped", Json::array()}};
};

NextListed notes_in(const fs::path& file) {
  auto stream = std::make_shared<std::ifstream>(file, std::ios::binary);
  auto buffer = std::make_shared<std::string>(kPiece, '\0');
  auto reader = std::make_shared<ListingReader>(
      [stream, buffer]() -> std::string_view {
        stream->read(buffer->data(), static_cast<std::streamsize>(buffer->size()));
        return {buffer->data(), static_cast<size_t>(stream->gcount())};
      },
      file.string());
  return [reader] { return reader->next(); };
}

/// Walks a second time: writes the listing, and gives what does not stand as it was read.
std::vector<std::string> finish_listing(const Tree& tree, const fs::path& notes, PartWriter& part) {
  TreeWalk walk(tree.root, tree.excluded);
  NextListed now = [&]() -> std::optional<Listed> {
    for (;;) {
      auto found = walk.next();
      if (!found) return std::nullopt;
      if (found->entry.kind != EntryKind::socket) return Listed{found->path, {{"stamp", stamp_of(*found)}}};
    }
  };
  std::vector<std::string> changes;
  side_by_side(notes_in(notes), now, [&](const Listed* then, const Listed* present) {
    const std::string& path = then ? then->path : present->path;
    if (!then || !present || then->facts["stamp"] != present->facts["stamp"])
      changes.push_back((path.empty() ? "the folder itself" : path) + (!then ? " is new" : !present ? " is gone" : " was changed"));
    if (!then) return;
    Listed line = *then;
    line.facts.erase("stamp");
    part.write(to_line(line));
  });
  return changes;
}

/// The archive in a set.
class StoredArchive {
 public:
  StoredArchive(const fs::path& folder, const Part& part, Work& work)
      : part_(part), reader_(folder, part_, work), tar_(archive_module().read_tar([this]() -> std::optional<std::string_view> {
          try {
            return reader_.next();
          } catch (...) {
            failed_ = std::current_exception();  // nothing may be thrown through libarchive
            return std::nullopt;
          }
        })) {}

  std::optional<TreeEntry> next() {
    TreeEntry entry;
    bool ended = false;
    told(tar_->next(entry, ended));
    return ended ? std::nullopt : std::optional(std::move(entry));
  }
  TarBlock read() {
    TarBlock block;
    told(tar_->read(block));
    return block;
  }
  const Part& part() const { return part_; }

 private:
  void told(const std::string& problem) {
    if (failed_) std::rethrow_exception(failed_);
    if (!problem.empty()) throw Error(Code::backup_corrupt, part_.file + " does not read as a tar archive: " + problem);
  }

  const Part& part_;
  PartReader reader_;
  std::exception_ptr failed_;
  std::unique_ptr<TarReader> tar_;
};

void hash_zeros(Sha256& hash, std::uint64_t count) {
  static const std::string zeros(kPiece, '\0');
  for (; count > 0; count -= std::min<std::uint64_t>(count, kPiece))
    hash.update(std::string_view(zeros).substr(0, static_cast<size_t>(std::min<std::uint64_t>(count, kPiece))));
}

// Digest of the content of the present entry, holes as zeros; `each` gets the blocks.
std::string content_of(StoredArchive& archive, const TreeEntry& entry, const std::function<void(const TarBlock&)>& each) {
  Sha256 hash;
  std::uint64_t at = 0;
  for (TarBlock block = archive.read(); !block.bytes.empty(); block = archive.read()) {
    if (block.offset > at) hash_zeros(hash, block.offset - at);
    hash.update(block.bytes);
    at = block.offset + block.bytes.size();
    if (each) each(block);
  }
  if (entry.size > at) hash_zeros(hash, entry.size - at);
  return hash.finish();
}

// Compares archive and listing name by name; `maker`, when given, makes what was compared.
void read_archive(const Stored& stored, Work& work, TreeMaker* maker, const fs::path& to) {
  StoredArchive archive(stored.folder, stored.manifest.part_named(archive_name(stored.source.name)), work);
  NextListed listing = stored_listing(stored, work);
  auto differs = [&](const std::string& path, const std::string& what) {
    return Error(Code::backup_corrupt, archive.part().file + " holds something else than " + listing_name(stored.source.name) +
                                           " says: " + (path.empty() ? "the folder itself" : path) + " " + what);
  };
  auto made = [&](const std::string& problem, const std::string& path) {
    if (problem.empty()) return;
    bool full = problem.find("No space left on device") != std::string::npos || problem.find("quota exceeded") != std::string::npos;
    throw Error(full ? Code::disk_full : Code::file_failed, "cannot make " + (to / path).string() + ": " + problem,
                full ? "free space there, then try again" : "");
  };
  std::string before;
  bool first = true;
  while (auto entry = archive.next()) {
    auto known = listing();
    std::string path = printable_path(entry->path);
    if (!known || known->path != path) throw differs(path, "is not listed there");
    if (first ? !path.empty() : !walks_before(before, path)) throw differs(path, "is out of order");
    first = false, before = path;
    if (maker) made(maker->begin(*entry), path);
    bool content = entry->kind == EntryKind::file && entry->same_as.empty();
    std::function<void(const TarBlock&)> write;
    if (maker) write = [&](const TarBlock& block) { made(maker->write(block), path); };
    std::string sha256 = content ? content_of(archive, *entry, write) : "";
    if (maker) made(maker->end_entry(), path);
    if (auto what = difference(known->facts, listed(*entry, path, sha256).facts, Likeness::all); !what.empty()) throw differs(path, what);
  }
  if (auto left = listing()) throw differs(left->path, "is missing");
  if (maker) made(maker->finish(), "");
}

void make_tree(const Stored& stored, const fs::path& to, Work& work) {
  bool root = ::geteuid() == 0;
  auto maker = archive_module().make_tree(fs::canonical(to.parent_path()) / to.filename(), root);
  read_archive(stored, work, maker.get(), to);
  Descriptor folder(::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::syncfs(folder.get()) != 0) throw system_error(errno, "cannot sync " + to.string());
  Tree made{"", to, {}, false};
  auto lines = differences(stored_listing(stored, work), present_listing(made, work), root ? Likeness::all : Likeness::no_owners_or_times);
  if (!lines.empty())
    throw Error(Code::backup_failed,
                "what was made of " + archive_name(stored.source.name) + " in " + to.string() +
                    " differs: " + (lines[0].path.empty() ? "the folder itself" : lines[0].path) + " " + lines[0].what,
                "see whether this file system keeps owners, modes, times and extended attributes");
}

}  // namespace

std::string archive_name(const std::string& name) { return name + ".tar.zst"; }
std::string listing_name(const std::string& name) { return name + ".files.jsonl.zst"; }

const ArchiveModule& archive_module() {
  using Entry = const ArchiveModule& (*)();
  return reinterpret_cast<Entry>(
      load_module("libplaybook-archive.so", kArchiveModuleSymbol, "trees of files are archived through", "libarchive13"))();
}

std::uint64_t measure_tree(const Tree& tree, Work& work) {
  std::uint64_t bytes = 0;
  std::vector<std::string> denied;
  TreeWalk walk(tree.root, tree.excluded);
  while (auto found = walk.next()) {
    work.advance(0);
    if (found->entry.kind != EntryKind::file || !found->entry.same_as.empty()) continue;
    bytes += found->entry.size;
    if (::faccessat(found->folder, found->name.c_str(), R_OK, AT_EACCESS) != 0 && errno == EACCES)
      denied.push_back((tree.root / found->path).string());
  }
  denied.insert(denied.end(), walk.denied().begin(), walk.denied().end());
  if (denied.empty()) return bytes;
  throw Error(Code::file_denied, tree.label + " cannot be read whole by this user: " + some_of(denied),
              "run it as root, or leave them out with `exclude`", {{"denied", denied}});
}

Json store_tree(const Tree& tree, const std::string& name, SetWriter& writer, Work& work) {
  std::uint64_t bytes = measure_tree(tree, work);
  ScratchFile notes(work, name + ".notes");
  auto part = writer.part(archive_name(name), name, Encoding::zstd, bytes);
  part->leave_content_unhashed();  // the listing has the digest of every file
  Storing storing(tree, *part, notes.path(), work);
  storing.run();
  writer.add(part->finish());
  work.reach("backup.archived");
  auto listing = writer.part(listing_name(name), name, Encoding::zstd, 0);
  std::vector<std::string> changes = finish_listing(tree, notes.path(), *listing);
  expect_unchanged(tree, changes);
  writer.add(listing->finish());
  Json state = storing.state();
  state["changes"] = remembered(std::move(changes));
  return state;
}

void expect_unchanged(const Tree& tree, const std::vector<std::string>& changes) {
  if (changes.empty() || tree.live) return;
  throw Error(Code::file_changed, tree.label + " was changed while it was backed up: " + some_of(changes),
              "stop what writes to it, leave that out with `exclude`, or take it as it is with `live`", {{"changes", changes}});
}

std::vector<std::string> remembered(std::vector<std::string> changes) {
  if (changes.size() <= kRemembered) return changes;
  std::string more = "and " + std::to_string(changes.size() - kRemembered) + " more";
  changes.resize(kRemembered);
  changes.push_back(more);
  return changes;
}

void list_archive(const fs::path& folder, const Part& part, Work& work,
                  const std::function<void(const TreeEntry& entry, const Listed& line)>& each) {
  StoredArchive archive(folder, part, work);
  std::optional<std::string> before;
  while (auto entry = archive.next()) {
    const std::string path = printable_path(entry->path);
    if (before ? !walks_before(*before, path) : !path.empty())
      throw Error(Code::backup_corrupt, part.file + " has its names in another order: " + path);
    before = path;
    const bool content = entry->kind == EntryKind::file && entry->same_as.empty();
    each(*entry, listed(*entry, path, content ? content_of(archive, *entry, nullptr) : ""));
  }
}

void check_tree(const Stored& stored, Work& work) { read_archive(stored, work, nullptr, {}); }

void extract_tree(const Stored& stored, const fs::path& to, Work& work) {
  make_folder(to.parent_path());
  try {
    make_tree(stored, to, work);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(to, ignored);
    throw;
  }
}

NextListed present_listing(const Tree& tree, Work& work) {
  auto walk = std::make_shared<TreeWalk>(tree.root, tree.excluded);
  auto buffer = std::make_shared<std::string>();
  return [walk, buffer, root = tree.root, &work]() -> std::optional<Listed> {
    while (auto found = walk->next()) {
      const TreeEntry& entry = found->entry;
      if (entry.kind == EntryKind::socket) continue;
      if (entry.kind != EntryKind::file || !entry.same_as.empty()) return listed(entry, found->path, "");
      auto file = TreeWalk::open(*found, root);
      if (!file) continue;
      Sha256 hash;
      read_exactly(file->get(), entry.size, root / found->path, *buffer, [&](std::string_view piece) {
        hash.update(piece);
        work.advance(0);
      });
      return listed(entry, found->path, hash.finish());
    }
    if (!walk->denied().empty()) throw system_error(EACCES, "cannot read the folder " + walk->denied()[0]);
    return std::nullopt;
  };
}

NextListed stored_listing(const Stored& stored, Work& work) {
  const Part& part = stored.manifest.part_named(listing_name(stored.source.name));
  auto reader = std::make_shared<PartReader>(stored.folder, part, work);
  auto listing = std::make_shared<ListingReader>([reader] { return reader->next(); }, part.file);
  return [listing] { return listing->next(); };
}

std::vector<TreeDifference> differences(const NextListed& then, const NextListed& now, Likeness likeness) {
  using Kind = TreeDifference::Kind;
  std::vector<TreeDifference> found;
  side_by_side(then, now, [&](const Listed* a, const Listed* b) {
    if (!a) return found.push_back({Kind::added, b->path, "is new"});
    if (!b) return found.push_back({Kind::removed, a->path, "is gone"});
    if (auto what = difference(a->facts, b->facts, likeness); !what.empty()) found.push_back({Kind::changed, a->path, what});
  });
  return found;
}

}  // namespace playbook
