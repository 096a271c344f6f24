#include "runtime/backup/tree_helper.h"

#include <set>

#include "runtime/backup/services.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHint = "its image must hold GNU tar 1.28 or newer; or run it as root, which needs no helper";

// Lines of tar's own, without its name: compose adds lines of its own.
std::vector<std::string> said_by_tar(const Exit& exit) {
  std::vector<std::string> lines;
  for (const std::string* text : {&exit.err, &exit.out})
    for (const std::string& line : split(*text, '\n'))
      if (std::string said(trim(to_utf8(line))); said.starts_with("tar: ")) lines.push_back(said.substr(5));
  return lines;
}

// Names of a tree in an answer of tar: `./a/b`.
std::string bare(std::string line) { return line.starts_with("./") ? line.substr(2) : line; }

class Helper {
 public:
  Helper(const Json& helper, const Tree& tree, Work& work)
      : tree_(tree), work_(work), path_(helper.at("path")), service_(helper.at("service")) {
    Json server = helper;
    server.erase("path");
    server["user"] = "0";
    place_ = work.services().beside(server);
  }

  std::uint64_t measure() {
    Command command;
    command.argv = {"du", "-s", "-B1", "--apparent-size", path_};
    Exit exit = place_->run(command, nullptr, work_.cancel());
    const std::string bytes = exit.out.substr(0, exit.out.find('\t'));
    if (exit.status != 0 || bytes.empty() || bytes.find_first_not_of("0123456789") != std::string::npos) refuse(exit);
    return std::stoull(bytes);
  }

  /// The whole tree, in the order of TreeWalk. Gives what tar noticed: {skipped=[sockets], changes=[]}.
  Json archive(PartWriter& part) {
    Command command;
    command.argv = {"tar",         "--create",           "--format=posix",
                    "--sort=name", "--numeric-owner",    "--sparse",
                    "--xattrs",    "--xattrs-include=*", "--pax-option=delete=atime,delete=ctime",
                    "--anchored",  "--no-wildcards"};
    for (const std::string& path : tree_.excluded) command.argv.push_back("--exclude=./" + path);
    command.argv.insert(command.argv.end(), {"--file=-", "--directory=" + path_, "."});
    std::uint64_t bytes = 0;
    command.output = [&](std::string_view piece) {
      bytes += piece.size();
      part.write(piece);
    };
    Exit exit = place_->run(command, nullptr, work_.cancel());
    Json noticed{{"skipped", Json::array()}, {"changes", Json::array()}};
    if (exit.cancelled || exit.status > 1 || bytes == 0) refuse(exit);
    for (const std::string& line : said_by_tar(exit))
      if (size_t end = line.find(": socket ignored"); end != std::string::npos)
        noticed["skipped"].push_back(bare(line.substr(0, end)));
      else if (exit.status == 1)
        noticed["changes"].push_back(bare(line));
    if (exit.status == 1 && noticed["changes"].empty()) refuse(exit);
    return noticed;
  }

  /// Reads the tree a second time beside its archive: a line for each difference.
  std::vector<std::string> compare(const fs::path& folder, const Part& part) {
    PartReader reader(folder, part, work_);
    Command command;
    command.argv = {"tar", "--compare", "--numeric-owner", "--xattrs", "--file=-", "--directory=" + path_};
    command.feed = [&] { return reader.next(); };
    Exit exit = place_->run(command, nullptr, work_.cancel());
    if (exit.cancelled || exit.status > 1) refuse(exit);
    std::vector<std::string> lines = said_by_tar(exit);
    for (const std::string& line : split(exit.out, '\n'))
      if (line.starts_with("./")) lines.push_back(line);
    for (std::string& line : lines) line = bare(std::string(trim(to_utf8(line))));
    if (exit.status == 1 && lines.empty()) refuse(exit);
    return lines;
  }

 private:
  [[noreturn]] void refuse(const Exit& exit) const {
    const std::string what = "reading " + tree_.label + " through a container of service " + service_;
    if (exit.cancelled) throw Error(Code::cancelled, what + " was cancelled");
    std::vector<std::string> said = said_by_tar(exit);
    throw Error(Code::backup_failed, what + " failed: " + (said.empty() ? last_said(exit) : said.back()), kHint);
  }

  const Tree& tree_;
  Work& work_;
  const std::string path_, service_;
  std::unique_ptr<Place> place_;
};

void expect_no_database(const std::string& path, const Tree& tree) {
  constexpr std::string_view kControl = "global/pg_control";
  if (path != kControl && !path.ends_with("/" + std::string(kControl))) return;
  throw Error(Code::unsupported, tree.label + " holds a PGlite database, " + (tree.root / path).parent_path().parent_path().string(),
              "run it as root, which can tell whether its server is stopped");
}

}  // namespace

Json check_tree_helper(const Json& helper, const fs::path& instance) {
  const Json path = helper.is_object() ? get_or<Json>(helper, "path", nullptr) : Json();
  if (!path.is_string() || !fs::path(path.get<std::string>()).is_absolute())
    throw Error(Code::argument_invalid,
                "source directory: helper.path must be where the folder is in the container, found " + canonical(path),
                "give helper={project=compose.config(...), service=\"app\", path=\"/data\"}");
  Json server = helper;
  server.erase("path");
  Json complete = check_server("directory", server, {}, instance);
  if (!is_service(complete))
    throw Error(Code::argument_invalid, "source directory: helper must name a service",
                "give helper={project=compose.config(...), service=\"app\", path=\"/data\"}");
  complete["path"] = path;
  return complete;
}

std::uint64_t measure_tree_through(const Json& helper, const Tree& tree, Work& work) { return Helper(helper, tree, work).measure(); }

Json store_tree_through(const Json& helper, const Tree& tree, const std::string& name, SetWriter& writer, Work& work) {
  Helper container(helper, tree, work);
  auto archive = writer.part(archive_name(name), name, Encoding::zstd, container.measure());
  archive->leave_content_unhashed();  // the listing has the digest of every file
  Json noticed = container.archive(*archive);
  const Part part = archive->finish();
  work.reach("backup.archived");

  Json state{{"files", 0u}, {"folders", 0u}, {"bytes", 0u}, {"owners", Json::array()}, {"skipped", noticed["skipped"]}};
  auto count = [&](const char* key, std::uint64_t more) { state[key] = state[key].get<std::uint64_t>() + more; };
  std::set<std::string> owners;
  auto listing = writer.part(listing_name(name), name, Encoding::zstd, 0);
  list_archive(writer.folder(), part, work, [&](const TreeEntry& entry, const Listed& line) {
    expect_no_database(line.path, tree);
    count(entry.kind == EntryKind::folder ? "folders" : "files", 1);
    if (entry.kind == EntryKind::file && entry.same_as.empty()) count("bytes", entry.size);
    owners.insert(std::to_string(entry.uid) + ":" + std::to_string(entry.gid));
    listing->write(to_line(line));
  });
  for (const std::string& owner : owners) state["owners"].push_back(owner);

  std::vector<std::string> changes = noticed["changes"];
  if (changes.empty()) changes = container.compare(writer.folder(), part);
  expect_unchanged(tree, changes);
  state["changes"] = remembered(changes);
  writer.add(part);
  writer.add(listing->finish());
  return state;
}

NextListed present_listing_through(const Json& helper, const Tree& tree, Work& work) {
  auto scratch = std::make_shared<ScratchFolder>(work, "present");
  make_folder(scratch->path());
  PartWriter archive(scratch->path(), "present.tar.zst", "", Encoding::zstd, 0, work),
      listing(scratch->path(), "present.jsonl.zst", "", Encoding::zstd, 0, work);
  archive.leave_content_unhashed();
  Helper(helper, tree, work).archive(archive);
  list_archive(scratch->path(), archive.finish(), work, [&](const TreeEntry&, const Listed& line) { listing.write(to_line(line)); });
  auto part = std::make_shared<Part>(listing.finish());
  auto reader = std::make_shared<PartReader>(scratch->path(), *part, work);
  auto lines = std::make_shared<ListingReader>([reader] { return reader->next(); }, part->file);
  return [scratch, part, lines] { return lines->next(); };
}

}  // namespace playbook
