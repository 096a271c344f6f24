// The source `volume`: a named Docker volume, such as {type="volume", volume="shop_uploads", exclude={"cache"}, live=false,
// name="uploads"}. Read and restored through its mountpoint, as root, with all that a `directory` gets (tree_source.h). Only the driver
// `local` without options: of others the mountpoint is empty until a container uses them.
#include <unistd.h>

#include "runtime/backup/tree_source.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/process/children.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

std::string volume_of(const Json& spec) { return spec.at("volume"); }

// What `docker volume inspect` says; throws `file.missing` where there is no such volume.
Json inspect_volume(const std::string& volume, Work& work) {
  Command command;
  command.argv = {"docker", "volume", "inspect", volume};
  command.deadline = std::chrono::minutes(1);
  Exit exit = work.children().run(command, nullptr, work.cancel());
  if (exit.cancelled) throw Error(Code::cancelled, "looking at volume " + volume + " was cancelled");
  if (exit.timed_out) throw Error(Code::timeout, "docker did not say within a minute what volume " + volume + " is");
  if (exit.status != 0 && exit.err.find("o such volume") != std::string::npos)  // with a capital N in some versions
    throw Error(Code::file_missing, "volume " + volume + " does not exist",
                "`docker volume ls` shows those that do; `docker compose up --no-start` makes those of a project");
  Json found = Json::parse(exit.out, nullptr, false);
  if (exit.status != 0 || !found.is_array() || found.size() != 1)
    throw Error(Code::container_failed, "cannot look at volume " + volume + ": " + to_utf8(trim(exit.err)), "see whether the engine runs");
  return found[0];
}

class VolumeSource final : public TreeSource {
 public:
  std::string type() const override { return "volume"; }

  Json check(const Json& spec, const fs::path&) const override {
    const std::vector<std::string> members{"type", "volume", "exclude", "live", "name"};
    check_spec(spec, members);
    const Json volume = get_or<Json>(spec, "volume", nullptr);
    if (!volume.is_string() || volume.get<std::string>().empty() || volume.get<std::string>().find('/') != std::string::npos)
      throw Error(Code::argument_invalid, "source volume: volume must be the name of a Docker volume, found " + canonical(volume),
                  "a folder of this host is a source of type directory");
    Json complete{{"type", "volume"}, {"volume", volume}, {"name", get_or<std::string>(spec, "name", volume)}};
    complete_tree_spec(spec, complete);
    check_spec(complete, members);
    return complete;
  }

  std::string describe(const Json& spec) const override { return "volume " + volume_of(spec); }
  std::vector<std::string> touches(const Json& spec) const override { return {"volume:" + volume_of(spec)}; }

  std::vector<std::string> differences(const Stored& stored, Work& work) const override try {
    return TreeSource::differences(stored, work);
  } catch (const Error& missing) {
    if (missing.code() != Code::file_missing) throw;
    return {describe(stored.source.spec) + " is gone"};
  }

 protected:
  Tree tree_of(const Json& spec, Work& work) const override {
    Json volume = inspect_volume(volume_of(spec), work);
    std::string driver = get_or<std::string>(volume, "Driver", "");
    if (driver != "local" || !get_or<Json>(volume, "Options", Json::object()).empty())
      throw Error(
          Code::unsupported,
          describe(spec) + " is no plain local one: its driver is " + driver + (driver == "local" ? " with options of its own" : ""),
          "back up what it stands for: the folder as a directory, a remote file system where it is served");
    if (::geteuid() != 0)
      throw Error(Code::file_denied, describe(spec) + " cannot be read by this user",
                  "run it as root: its files lie in the engine's own folder");
    fs::path root = get_or<std::string>(volume, "Mountpoint", "");
    if (!fs::is_directory(root))
      throw Error(Code::unsupported, describe(spec) + " lies at " + root.string() + ", which this host does not see",
                  "run it on the host of the engine");
    return {describe(spec), fs::canonical(root), spec.at("exclude"), spec.at("live")};
  }
  std::string root_by_hand(const Stored& stored) const override {
    return "$(docker volume inspect -f '{{.Mountpoint}}' " + shell_quoted(volume_of(stored.source.spec)) + ")";
  }
};

}  // namespace

std::unique_ptr<Source> make_volume_source() { return std::make_unique<VolumeSource>(); }

}  // namespace playbook
