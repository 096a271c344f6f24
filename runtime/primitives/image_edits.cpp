#include "runtime/primitives/image_edits.h"

#include <cstdlib>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/pin/dotenv.h"

namespace playbook {
namespace fs = std::filesystem;
namespace {

/// A folder for copies that goes with the object. They hold secrets: 0700.
class Scratch {
 public:
  explicit Scratch(fs::path folder) : folder_(std::move(folder)) {
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return folder_; }

 private:
  fs::path folder_;
};

}  // namespace

ImageEdits::ImageEdits(Context& context, const Json& args) : context_(context), work_(context, args), config_(work_.compose.config()) {
  learn_secrets(context, config_);
  const Project& project = work_.compose.project();
  for (const std::string& file : project.files) {
    originals_.push_back(read_file(project.folder / file));
    files_.push_back(Yaml::parse(originals_.back(), file));
  }
  env_before_ = try_read_file(env_path());
  env_after_ = env_before_.value_or("");
}

fs::path ImageEdits::env_path() const {
  const Project& project = work_.compose.project();
  return project.folder / (project.env_file.empty() ? ".env" : project.env_file);
}

std::optional<std::string> ImageEdits::variable(const std::string& name) const {
  if (const char* exported = std::getenv(name.c_str())) return exported;
  return Dotenv::parse(env_after_, env_path().string()).get(name);
}

void ImageEdits::edit(const std::string& service, const std::string& image) {
  const ImagePlace at = place(service);
  const std::vector<TemplatePart> parts = template_parts(at.written);
  bool literal = std::all_of(parts.begin(), parts.end(), [](const TemplatePart& part) { return part.variable.empty(); });
  if (literal) return files_[at.file].set(at.node, image);

  std::optional<std::pair<std::string, std::string>> answer =
      solve_template(parts, image, [this](const std::string& name) { return variable(name); });
  if (!answer)
    throw Error(Code::unsupported, at.place + ": image " + at.written + " cannot become " + image + " by the value of one variable",
                "change the line by hand, then run this again");
  const auto& [name, value] = *answer;
  if (variable(name) == value) return;
  if (std::getenv(name.c_str()))
    throw Error(Code::unsupported,
                at.place + ": " + name + " is exported in the environment of this command, which Compose prefers to " +
                    env_path().filename().string(),
                "unset " + name + " where it is exported, then run this again");
  Dotenv env = Dotenv::parse(env_after_, env_path().string());
  env.set(name, value);
  env_after_ = env.text();
  set_variable_ = name;
}

std::vector<ImageEdits::Edit> ImageEdits::changed() const {
  const Project& project = work_.compose.project();
  std::vector<Edit> edits;
  for (size_t i = 0; i < files_.size(); ++i)
    if (files_[i].text() != originals_[i]) edits.push_back({project.folder / project.files[i], originals_[i], files_[i].text()});
  if (env_after_ != env_before_.value_or("")) edits.push_back({env_path(), env_before_, env_after_, set_variable_});
  return edits;
}

Json ImageEdits::tried(const std::vector<Edit>& edits) {
  Scratch scratch(context_.environment().run_folder / "edited-copies");
  Project copy = work_.compose.project();
  copy.name = work_.compose.name();
  for (size_t i = 0; i < edits.size(); ++i) {
    fs::path to = scratch.path() / std::to_string(i);
    replace_file(to, edits[i].after, 0600);
    for (std::string& file : copy.files)
      if (copy.folder / file == edits[i].file) file = to.string();
    if (edits[i].file == env_path()) copy.env_file = to.string();
  }
  return Compose(work_.docker, copy).config();
}

void ImageEdits::check(const Json& after, const std::map<std::string, std::string>& images) const {
  Json before = config_, now = after;
  for (const auto& [service, image] : images) {
    if (now["services"][service].value("image", Json()) != Json(image))
      throw Error(Code::unsupported, place(service).place + ": after the edit Compose would not take " + image + " for service " + service,
                  "change the image by hand");
    before["services"][service]["image"] = image;
  }
  for (const auto& [service, is] : now["services"].items()) {
    Json& was = before["services"][service];
    const Json was_image = was.value("image", Json());
    if (is.value("image", Json()) != was_image)
      throw Error(
          Code::unsupported,
          place(service).place + ": what gives the image there also gives service " + service + " " + is["image"].get<std::string>(),
          "name " + service + " too");
    // What a variable gives to a container beside its image follows it.
    if (!set_variable_.empty()) was.erase("environment"), is.erase("environment");
    if (was != is)
      throw Error(Code::unsupported, "pinning the images would change more of service " + service + " than its image", "change it by hand");
  }
  for (Json* config : {&before, &now})  // `x-worker: &worker` and the like are shown too
    for (auto it = config->begin(); it != config->end();) it = it.key().starts_with("x-") ? config->erase(it) : std::next(it);
  if (before != now)
    throw Error(Code::unsupported, "pinning the images would change more of the project than its images", "change them by hand");
}

std::vector<ImageEdits::Edit> ImageEdits::edits(const std::map<std::string, std::string>& images) {
  const Json services = get_or<Json>(config_, "services", Json::object());
  std::vector<std::string> known;
  for (const auto& [name, unused] : services.items()) known.push_back(name);
  for (const auto& [service, image] : images) {
    if (!services.contains(service))
      throw Error(Code::argument_invalid, "project " + work_.compose.name() + " has no service " + service + did_you_mean(service, known),
                  "it has " + join(known, ", "));
    if (services[service].value("image", Json()) != Json(image)) edit(service, image);
  }
  const std::vector<Edit> all = changed();
  if (!all.empty()) check(tried(all), images);
  return all;
}

std::vector<fs::path> ImageEdits::watched(const Context& context, const Json& args) {
  const Project project = project_from(context, args.at("project"));
  std::vector<fs::path> paths{(project.folder / (project.env_file.empty() ? ".env" : project.env_file)).lexically_normal()};
  for (const std::string& file : project.files) paths.push_back((project.folder / file).lexically_normal());
  return paths;
}

}  // namespace playbook
