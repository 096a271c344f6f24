// container.write_compose: the compose file that makes a container of `docker run` again.
#include "runtime/base/text.h"
#include "runtime/primitives/container.h"
#include "runtime/primitives/file.h"

namespace playbook {
namespace {

class ContainerWriteCompose final : public FileEdit {
 public:
  const Declaration& declaration() const override { return declaration_; }

 protected:
  Content edited(Context& context, const std::filesystem::path&, const Json& args, const Content&) override {
    return adoption_of(context, args).compose_file;
  }

  // A command line may hold a password.
  std::pair<std::string, std::string> shown(const std::filesystem::path& path, const Json& args, const Content& before,
                                            const Content& after) const override {
    auto texts = FileEdit::shown(path, args, before, after);
    std::vector<std::string> lines = split(texts.second, '\n');
    for (std::string& line : lines)
      for (const std::string_view key : {"    command: ", "    entrypoint: ", "    labels: "})
        if (line.starts_with(key)) line = std::string(key) + "***";
    return {texts.first, join(lines, "\n")};
  }

 private:
  const Declaration declaration_{
      .name = "container.write_compose",
      .kind = Kind::change,
      .summary = "Writes the compose file that makes a container of `docker run` again, which reads its settings from .env.",
      .parameters = {{.name = "path", .type = Type::path, .help = "of the compose file, below the instance or absolute", .required = true},
                     container_parameter(),
                     adopted_service_parameter()},
      .returns = "boolean",
      .returns_help = "whether anything changed",
      .errors = {"container.failed", "image.failed", "unsupported", "file.changed", "file.denied", "file.missing", "disk.full",
                 "process.missing", "timeout"},
      .example = "container.write_compose(\"docker-compose.yml\", \"activepieces\", \"app\") --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_container_write_compose() { return std::make_unique<ContainerWriteCompose>(); }

}  // namespace playbook
