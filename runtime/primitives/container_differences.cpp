// container.differences: would the compose file make the same container? Compose makes one beside it, under another name and project, which
// is never started and removed again; what the engine says of the two is compared.
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/container.h"

namespace playbook {
namespace {

class ContainerDifferences final : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    Project project = project_from(context, args.at("project"));
    const auto service = args.at("service").get<std::string>();
    project.name = "playbook-" + sha256(project.folder.string() + "\n" + service).substr(0, 12);
    const auto beside = context.keep_folder() / "beside.json";  // JSON is YAML
    replace_file(beside, Json{{"services", {{service, {{"container_name", project.name}}}}}}.dump(), 0600);
    project.files.push_back(beside.string());
    const Docker docker(docker_tools(context));
    Compose compose(docker, project);
    compose.must("remove what an earlier try left", {"rm", "--force", service}, kDeadline);
    std::vector<std::string> order{"up", "--no-start", "--no-build", "--no-deps"};
    if (compose.tool().generation == 2) order.insert(order.end(), {"--pull", "never"});
    order.push_back(service);
    context.reach("container.beside.before");
    compose.must("make a container of service " + service, order, kDeadline);
    context.reach("container.beside.made");
    const Json found = differences(docker.details(args.at("container")), docker.details(project.name));
    compose.must("remove the container that was made to compare", {"rm", "--force", service}, kDeadline);
    return found;
  }

  Planned plan(Context&, const Json& args) override {
    Planned planned;
    planned.text = "compare container " + args.at("container").get<std::string>() + " with the one that Compose would make";
    planned.predicted = true;
    planned.result = Json::array();
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }

 private:
  static constexpr std::chrono::minutes kDeadline{5};

  const Declaration declaration_{
      .name = "container.differences",
      .kind = Kind::change,
      .summary = "Lets Compose make a container of a service, never started and removed again, and compares it with one that is there.",
      .parameters = {container_parameter(), project_parameter(), adopted_service_parameter()},
      .returns = "string[]",
      .returns_help = "names of what differs, such as \"HostConfig.Devices\"; empty where nothing does",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "timeout", "unsupported",
                 "cancelled"},
      .example = "container.differences(\"activepieces\", {}, \"app\") --> {}",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_container_differences() { return std::make_unique<ContainerDifferences>(); }

}  // namespace playbook
