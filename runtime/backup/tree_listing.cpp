#include "runtime/backup/tree_listing.h"

#include <cstdio>

#include "runtime/backup/tree_walk.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace playbook {
namespace {

const char* name_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::folder:
      return "folder";
    case EntryKind::file:
      return "file";
    case EntryKind::symlink:
      return "symlink";
    case EntryKind::pipe:
      return "pipe";
    case EntryKind::character_device:
      return "character device";
    case EntryKind::block_device:
      return "block device";
    case EntryKind::socket:
      return "socket";
  }
  return "?";
}

std::string digest_of(const std::map<std::string, std::string>& xattrs) {
  Sha256 hash;
  for (const auto& [name, value] : xattrs) {
    hash.update(name + '\0' + std::to_string(value.size()) + '\0');
    hash.update(value);
  }
  return hash.finish();
}

bool same(const Json& a, const Json& b, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (a.value(key, Json()) != b.value(key, Json())) return false;
  return true;
}

}  // namespace

Listed listed(const TreeEntry& entry, const std::string& path, const std::string& sha256) {
  char mode[8], time[48];
  std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(entry.mode));
  std::snprintf(time, sizeof time, "%lld.%09ld", static_cast<long long>(entry.seconds), entry.nanoseconds);
  Json facts{{"kind", name_of(entry.kind)}, {"mode", mode}, {"uid", entry.uid}, {"gid", entry.gid}, {"mtime", time}};
  if (!entry.same_as.empty())
    facts["same"] = printable_path(entry.same_as);
  else if (entry.kind == EntryKind::file)
    facts["size"] = entry.size, facts["sha256"] = sha256;
  if (entry.kind == EntryKind::symlink) facts["target"] = printable_path(entry.target), facts.erase("mode");
  if (entry.kind == EntryKind::character_device || entry.kind == EntryKind::block_device)
    facts["device"] = std::to_string(entry.major) + ":" + std::to_string(entry.minor);
  if (!entry.xattrs.empty()) facts["xattrs"] = digest_of(entry.xattrs);
  return {path, std::move(facts)};
}

std::string to_line(const Listed& one) {
  Json line = one.facts;
  line["path"] = one.path;
  return canonical(line) + "\n";
}

std::optional<Listed> ListingReader::next() {
  size_t end;
  while ((end = rest_.find('\n', at_)) == std::string::npos) {
    std::string_view piece = pieces_();
    rest_.erase(0, at_), at_ = 0;
    if (piece.empty() && rest_.empty()) return std::nullopt;
    if (piece.empty()) throw Error(Code::backup_corrupt, name_ + " ends in the middle of a line");
    rest_ += piece;
  }
  Json line =
      Json::parse(rest_.begin() + static_cast<std::ptrdiff_t>(at_), rest_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
  at_ = end + 1;
  if (!line.is_object() || !line.contains("path") || !line["path"].is_string() || !line.contains("kind"))
    throw Error(Code::backup_corrupt, name_ + " has a line that lists no file");
  std::string path = line["path"];
  line.erase("path");
  return Listed{std::move(path), std::move(line)};
}

std::string difference(const Json& then, const Json& now, Likeness likeness) {
  if (!same(then, now, {"kind"})) return "is now a " + now.value("kind", "");
  if (!same(then, now, {"size", "sha256"})) return "has another content";
  if (!same(then, now, {"target", "device"})) return "leads to somewhere else";
  if (!same(then, now, {"same"})) return "is linked to another file";
  if (likeness == Likeness::content) return "";
  if (!same(then, now, {"mode"})) return "has another mode";
  if (likeness != Likeness::no_owners_or_times && !same(then, now, {"uid", "gid"})) return "has another owner";
  if (likeness != Likeness::no_owners_or_times && !same(then, now, {"xattrs"})) return "has other extended attributes";
  if (likeness == Likeness::all && !same(then, now, {"mtime"})) return "has another time";
  return "";
}

void side_by_side(const NextListed& then, const NextListed& now, const std::function<void(const Listed*, const Listed*)>& each) {
  auto a = then(), b = now();
  while (a || b) {
    bool first = a && (!b || !walks_before(b->path, a->path)), second = b && (!a || !walks_before(a->path, b->path));
    each(first ? &*a : nullptr, second ? &*b : nullptr);
    if (first) a = then();
    if (second) b = now();
  }
}

}  // namespace playbook
