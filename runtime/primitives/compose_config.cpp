// compose.config: a project as Compose reads it, without any value of a variable.
#include <algorithm>
#include <cstdlib>
#include <regex>
#include <set>

#include "runtime/base/file.h"
#include "runtime/pin/dotenv.h"
#include "runtime/primitives/compose.h"

namespace playbook {
namespace {

// Names that the files use, that the env file sets, and that the environment of this process sets otherwise: it wins.
Json overridden(const Project& project) {
  std::string used;
  for (const std::string& file : project.files) used += read_file(project.folder / file);
  std::string name = project.env_file.empty() ? ".env" : project.env_file;
  std::optional<std::string> text = try_read_file(project.folder / name);
  std::optional<Dotenv> file = text ? std::optional(Dotenv::parse(*text, name)) : std::nullopt;
  std::set<std::string> names;
  const std::regex use("\\$\\{?([A-Za-z_][A-Za-z0-9_]*)");
  for (std::sregex_iterator it(used.begin(), used.end(), use), end; it != end; ++it) {
    std::string variable = (*it)[1];
    const char* exported = std::getenv(variable.c_str());
    std::optional<std::string> written = file ? file->get(variable) : std::nullopt;
    if (exported && written != std::string(exported)) names.insert(variable);
  }
  return names;
}

class ComposeConfig : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    ComposeWork work(context, args);
    Json config = work.compose.config();
    learn_secrets(context, config);
    const Project& project = work.compose.project();
    Json result = summary(config, work.compose.name());
    result["type"] = "compose.project";
    result["name"] = work.compose.name();
    result["folder"] = get_or<std::string>(args.at("project"), "folder", ".");
    result["working_dir"] = project.folder.string();
    result["files"] = project.files;
    if (!project.env_file.empty())
      result["env_file"] = project.env_file;
    else if (std::filesystem::exists(project.folder / ".env"))
      result["env_file"] = ".env";
    result["compose"] = {{"version", work.compose.tool().version}, {"generation", work.compose.tool().generation}};
    result["engine"] = {{"version", work.compose.tool().engine}};
    result["overridden"] = overridden(project);
    result["unset"] = work.compose.unset();
    return result;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    std::vector<std::string> things;
    Project project = project_from(context, args.at("project"));
    for (const std::string& file : project.files) things.push_back("file:" + (project.folder / file).lexically_normal().string());
    std::string env_file = project.env_file.empty() ? ".env" : project.env_file;
    things.push_back("file:" + (project.folder / env_file).lexically_normal().string());
    return things;
  }

 private:
  const Declaration declaration_{
      .name = "compose.config",
      .kind = Kind::read,
      .summary = "A compose project as Compose reads it, with the names of variables and never their values.",
      .parameters = {project_parameter()},
      .returns = "compose.project",
      .returns_help =
          "type, name, folder, working_dir (the folder, as the labels of containers name it), files, env_file, compose={version, "
          "generation}, engine={version}, services (build.context below the "
          "folder where it is), volumes, images, "
          "overridden (variables that the environment sets otherwise than the env file), unset (used and set nowhere)",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "unsupported"},
      .example = "compose.config({}).services.app.image --> \"ghcr.io/acme/app:1.2.0\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_config() { return std::make_unique<ComposeConfig>(); }

}  // namespace playbook
