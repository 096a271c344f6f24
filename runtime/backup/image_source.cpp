// The source `image`: an image saved into the set, for nobody can promise that an old one can be pulled again: {type="image",
// image="appsmith/appsmith-ce:v1.99", name="image"}. One part `<name>.tar.zst`, what `docker save` gives. State: {id, config, layers}.
#include <exception>

#include "runtime/backup/docker_archive.h"
#include "runtime/backup/services.h"
#include "runtime/backup/source.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

std::string reference_of(const Json& spec) { return spec.at("image"); }

/// Of a name without a tag `docker save` would write every image that has the name.
std::string one_image(const std::string& reference) {
  const std::string last = reference.substr(reference.rfind('/') + 1);
  return last.find_first_of(":@") == std::string::npos ? reference + ":latest" : reference;
}

class ImageSource final : public Source {
 public:
  std::string type() const override { return "image"; }
  bool holds_data() const override { return false; }

  Json check(const Json& spec, const fs::path&) const override {
    const std::vector<std::string> members{"type", "image", "name"};
    check_spec(spec, members);
    const Json image = get_or<Json>(spec, "image", nullptr);
    if (!image.is_string() || image.get<std::string>().empty() || image.get<std::string>().starts_with("-"))
      throw Error(Code::argument_invalid, "source image: image must be the reference of an image, found " + canonical(image),
                  "`docker image ls` shows those that are here");
    Json complete{{"type", "image"}, {"image", image}, {"name", get_or<std::string>(spec, "name", "image")}};
    check_spec(complete, members);
    return complete;
  }

  std::string describe(const Json& spec) const override { return "image " + reference_of(spec); }
  std::vector<std::string> touches(const Json& spec) const override { return {"image:" + reference_of(spec)}; }
  std::uint64_t estimate(const Json& spec, Work& work) const override {
    return get_or<std::uint64_t>(inspected(reference_of(spec), work), "Size", 0);
  }

  Json create(const Json& spec, SetWriter& writer, Work& work) const override {
    const std::string name = spec.at("name"), reference = reference_of(spec);
    const Json image = inspected(reference, work);
    if (image.is_null())
      throw Error(Code::file_missing, describe(spec) + " is not here", "pull it first; `docker image ls` shows those that are here");
    auto part = writer.part(name + ".tar.zst", name, Encoding::zstd, get_or<std::uint64_t>(image, "Size", 0));
    Command save;
    save.argv = {"docker", "save", one_image(reference)};
    save.output = [&](std::string_view bytes) { part->write(bytes); };
    HostPlace here(work.children());
    run_well(here, save, "saving " + describe(spec), work);
    work.reach("backup.dumped");
    Part done = part->finish();
    const DockerArchive archive = read_archive(writer.folder(), done, work);
    Json state{{"id", image.at("Id")}, {"config", archive.config}, {"layers", archive.layers}};
    if (inspected(reference, work).value("Id", Json()) != image.at("Id"))
      throw Error(Code::file_changed, describe(spec) + " became another one while it was saved", "save it again");
    writer.add(std::move(done));
    return state;
  }

  void verify(const Stored& stored, Work& work) const override {
    const Part& part = stored.manifest.part_of(stored.source.name);
    const DockerArchive archive = read_archive(stored.folder, part, work);
    if (archive.config != stored.source.state.at("config").get<std::string>())
      throw Error(Code::backup_corrupt, part.file + " holds the image " + archive.config + ", manifest.json says " +
                                            stored.source.state["config"].get<std::string>());
  }

  // Every layer was compared with its digest; the engine would find no more than that.
  Json rehearse(const Stored& stored, Work& work) const override {
    verify(stored, work);
    return {{"name", stored.source.name}, {"type", type()}, {"image", stored.source.state.at("id")}};
  }

  void check_restore(const Stored& stored, Work& work) const override { inspected(reference_of(stored.source.spec), work); }

  Json restore(const Stored& stored, Work& work) const override {
    const std::string reference = reference_of(stored.source.spec);
    Json result{{"name", stored.source.name}, {"type", type()}, {"image", stored.source.state.at("id")}, {"kept", Json::array()}};
    if (!differences(stored, work).empty()) {
      PartReader reader(stored.folder, stored.manifest.part_of(stored.source.name), work);
      Command load;
      load.argv = {"docker", "load", "--quiet"};
      load.feed = [&] { return reader.next(); };
      HostPlace here(work.children());
      run_well(here, load, "loading " + describe(stored.source.spec), work);
      work.reach("restore.swapped");
      if (const auto lines = differences(stored, work); !lines.empty())
        throw Error(Code::backup_failed, "after it was loaded, " + lines[0], "load it by hand, as RESTORE.md of the set says");
    }
    return result;
  }

  std::vector<std::string> differences(const Stored& stored, Work& work) const override {
    const Json image = inspected(reference_of(stored.source.spec), work);
    if (image.is_null()) return {describe(stored.source.spec) + " is gone"};
    if (image.at("Id") != stored.source.state.at("id")) return {describe(stored.source.spec) + " is another one"};
    return {};
  }

  Json loss(const Stored& stored, Work&) const override {
    return {{"name", stored.source.name}, {"type", type()}, {"items", Json::array()}};
  }

  std::string instructions(const Stored& stored) const override {
    return "**The " + describe(stored.source.spec) + "**, `" + stored.source.state.at("id").get<std::string>() +
           "`:\n\n```sh\nzstd -d -c -q " + shell_quoted(stored.manifest.part_of(stored.source.name).file) + " | docker load\n```\n";
  }

 private:
  // What `docker image inspect` says, null where there is no such image.
  static Json inspected(const std::string& reference, Work& work) {
    Command command;
    command.argv = {"docker", "image", "inspect", reference};
    command.deadline = std::chrono::minutes(1);
    const Exit exit = work.children().run(command, nullptr, work.cancel());
    if (exit.cancelled) throw Error(Code::cancelled, "looking at image " + reference + " was cancelled");
    if (exit.status != 0 && exit.err.find("o such image") != std::string::npos) return nullptr;
    const Json found = Json::parse(exit.out, nullptr, false);
    if (exit.status != 0 || !found.is_array() || found.size() != 1)
      throw Error(Code::container_failed, "cannot look at image " + reference + ": " + last_said(exit), "see whether the engine runs");
    return found[0];
  }

  static DockerArchive read_archive(const fs::path& folder, const Part& part, Work& work) {
    PartReader reader(folder, part, work);
    std::exception_ptr failed;
    auto feed = [&]() -> std::optional<std::string_view> {
      try {
        return reader.next();
      } catch (...) {
        failed = std::current_exception();  // nothing may be thrown through libarchive
        return std::nullopt;
      }
    };
    try {
      const DockerArchive archive = read_docker_archive(feed, part.file);
      while (!reader.next().empty()) {
      }
      return archive;
    } catch (const Error&) {
      if (failed) std::rethrow_exception(failed);
      throw;
    }
  }
};

}  // namespace

std::unique_ptr<Source> make_image_source() { return std::make_unique<ImageSource>(); }

}  // namespace playbook
