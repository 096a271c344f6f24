// container.write_dotenv: the settings that a container of `docker run` was given, as a .env file. No value is shown or reaches Lua.
#include "runtime/primitives/container.h"
#include "runtime/primitives/dotenv.h"

namespace playbook {
namespace {

class ContainerWriteDotenv final : public FileEdit {
 public:
  const Declaration& declaration() const override { return declaration_; }

 protected:
  Content edited(Context& context, const std::filesystem::path& path, const Json& args, const Content& before) override {
    Dotenv file = Dotenv::parse(before.value_or(""), path.filename().string());
    for (const auto& [name, value] : adoption_of(context, args).settings) file.set(name, value);
    return file.text();
  }
  mode_t mode(const Json&) const override { return 0600; }

 private:
  const Declaration declaration_{
      .name = "container.write_dotenv",
      .kind = Kind::change,
      .summary = "Writes the settings that a container of `docker run` was given, and its image does not set so, into a .env file.",
      .parameters = {{.name = "path", .type = Type::path, .help = "of the .env file, below the instance or absolute", .required = true},
                     container_parameter(),
                     adopted_service_parameter()},
      .returns = "boolean",
      .returns_help = "whether anything changed",
      .errors = {"container.failed", "image.failed", "unsupported", "argument.invalid", "dotenv.invalid", "file.changed", "file.denied",
                 "file.missing", "disk.full", "process.missing", "timeout"},
      .example = "container.write_dotenv(\".env\", \"activepieces\", \"app\") --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_container_write_dotenv() { return std::make_unique<ContainerWriteDotenv>(); }

}  // namespace playbook
