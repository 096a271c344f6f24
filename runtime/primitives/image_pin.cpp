// image.pin: gives services of a compose project the images that are named, where Compose takes them from.
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/container/image_reference.h"
#include "runtime/primitives/file.h"
#include "runtime/primitives/image_edits.h"
#include "runtime/primitives/yaml.h"

namespace playbook {
namespace {

/// One of the files: its new content is in the arguments, which never reach the journal.
class OneFile : public FileEdit {
 public:
  static Json arguments(const ImageEdits::Edit& edit) {
    return {{"path", edit.file.string()}, {"content", edit.after}, {"variable", edit.variable}};
  }
  const Declaration& declaration() const override { return declaration_; }

 protected:
  Content edited(Context&, const std::filesystem::path&, const Json& args, const Content&) override {
    return args.at("content").get<std::string>();
  }
  std::pair<std::string, std::string> shown(const std::filesystem::path& path, const Json& args, const Content& before,
                                            const Content& after) const override {
    auto variable = args.at("variable").get<std::string>();
    if (!variable.empty()) return {masked_dotenv(before.value_or(""), variable), masked_dotenv(*after, variable)};
    return {masked_yaml(Yaml::parse(*before, path.string())), masked_yaml(Yaml::parse(*after, path.string()))};
  }

 private:
  const Declaration declaration_{.name = "image.pin", .kind = Kind::change, .summary = ""};
};

// prepared: {edits: [{..., as FileEdit prepares it, new: the new content, in the run's folder}]}
class ImagePin : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    Json edits = Json::array();
    for (const ImageEdits::Edit& edit : wanted(context, args)) {
      Context part(context.environment(), context.action_id() + "/" + std::to_string(edits.size()), nullptr, nullptr);
      Json prepared = file_.prepare(part, OneFile::arguments(edit));
      std::filesystem::path content = part.keep_folder() / "new";
      replace_file(content, edit.after, 0600);
      prepared["new"] = std::filesystem::relative(content, context.environment().run_folder).string();
      edits.push_back(std::move(prepared));
    }
    return {{"edits", edits}};
  }

  Json run(Context& context, const Json&, const Json& prepared) override {
    Json files = Json::array();
    for (const Json& edit : prepared.at("edits")) {
      auto content = read_file(context.environment().run_folder / edit.at("new").get<std::string>());
      file_.run(context, OneFile::arguments({edit.at("path").get<std::string>(), std::nullopt, std::move(content)}), edit);
      context.reach("image.pin.one");
      files.push_back(shown_path(context, edit.at("path").get<std::string>()));
    }
    return {{"changed", !files.empty()}, {"files", files}};
  }

  Planned plan(Context& context, const Json& args) override {
    Planned planned;
    Json files = Json::array();
    for (const ImageEdits::Edit& edit : wanted(context, args)) {
      const std::string path = shown_path(context, edit.file.string());
      planned.diff += "--- " + path + "\n+++ " + path + "\n" + file_.plan(context, OneFile::arguments(edit)).diff;
      files.push_back(path);
    }
    planned.text = "image.pin" + std::string(files.empty() ? ": already so" : " in " + join(files.get<std::vector<std::string>>(), ", "));
    planned.predicted = true;
    planned.result = {{"changed", !files.empty()}, {"files", files}};
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  bool is_file_edit() const override { return true; }

  void undo(Context& context, const Record& record) override {
    const std::vector<Record> all = parts(record);
    for (auto one = all.rbegin(); one != all.rend(); ++one) file_.undo(context, *one);
  }

  Probe probe(Context& context, const Record& record) override {
    const std::vector<Record> all = parts(record);
    size_t done = 0;
    Json files = Json::array();
    for (const Record& one : all) {
      Probe state = file_.probe(context, one);
      if (state.state == Probe::State::unknown) return {Probe::State::unknown, nullptr, state.explanation, true};
      if (state.state == Probe::State::done) ++done;
      files.push_back(shown_path(context, one.prepared.at("path").get<std::string>()));
    }
    if (!all.empty() && done == all.size()) return {Probe::State::done, {{"changed", true}, {"files", files}}, "", false};
    if (done > 0) undo(context, record);  // half of it is taken back, so that what is done next begins with the old files
    return {Probe::State::not_done, nullptr, "", false};
  }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    for (const Record& one : parts(record))
      if (std::optional<std::string> differs = file_.drift(context, one)) return differs;
    return std::nullopt;
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    std::vector<std::string> things;
    for (const std::filesystem::path& path : ImageEdits::watched(context, args)) things.push_back("file:" + path.string());
    return things;
  }

 private:
  static std::string shown_path(const Context& context, const std::string& path) {
    return std::filesystem::path(path).lexically_proximate(context.instance()).string();
  }

  static std::vector<ImageEdits::Edit> wanted(Context& context, const Json& args) {
    std::map<std::string, std::string> images;
    for (const auto& [service, image] : args.at("images").items()) {
      if (!image.is_string()) throw Error(Code::argument_invalid, "image.pin: the image of " + service + " must be a string");
      images[service] = image;
      if (std::optional<std::string> why = floating_reason(parse_image(images[service])))
        throw Error(Code::argument_invalid, "image.pin: " + images[service] + " is no pin: " + *why, "give a full version, or a digest");
    }
    return ImageEdits(context, args).edits(images);
  }

  static std::vector<Record> parts(const Record& record) {
    std::vector<Record> all;
    if (record.prepared.is_null()) return all;
    for (const Json& edit : record.prepared.at("edits")) {
      all.push_back(record);
      all.back().prepared = edit;
    }
    return all;
  }

  OneFile file_;
  const Declaration declaration_{
      .name = "image.pin",
      .kind = Kind::change,
      .summary = "Gives services of a compose project other images, where Compose takes them from: a compose file, or a variable in .env.",
      .parameters = {project_parameter(), {"images", Type::map, "service -> reference with a full version or a digest", true, nullptr}},
      .returns = "{changed: boolean, files: string[]}",
      .returns_help = "the files that it edited; Compose reads them so that these images change and nothing else",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "dotenv.invalid", "file.changed", "file.denied", "file.failed",
                 "file.missing", "process.missing", "unsupported", "disk.full"},
      .example = "image.pin({}, { app = \"acme/app:1.2.0\" }).files --> { \".env\" }",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_image_pin() { return std::make_unique<ImagePin>(); }

}  // namespace playbook
