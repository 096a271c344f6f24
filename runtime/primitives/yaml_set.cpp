// yaml.set: gives a value in a YAML file another one and keeps every other byte.
#include "runtime/base/error.h"
#include "runtime/primitives/file.h"
#include "runtime/primitives/yaml.h"

namespace playbook {
namespace {

class YamlSet : public FileEdit {
 public:
  const Declaration& declaration() const override { return declaration_; }

 protected:
  Content edited(Context& context, const std::filesystem::path& path, const Json& args, const Content& before) override {
    if (!before) throw Error(Code::file_missing, path.string() + " does not exist", "create it, or correct the path");
    Yaml file = Yaml::parse(*before, path.string());
    const Json& value = args.at("value");
    file.set(args.at("keys").get<Yaml::Keys>(), is_secret(value) ? Json(context.open_secret(value)) : value, args.at("shared").get<bool>());
    return file.text();
  }

  std::pair<std::string, std::string> shown(const std::filesystem::path& path, const Json& args, const Content& before,
                                            const Content& after) const override {
    const auto keys = args.at("keys").get<Yaml::Keys>();
    bool open = args.at("public").get<bool>() && !is_secret(args.at("value"));
    const Yaml was = Yaml::parse(*before, path.string()), is = Yaml::parse(*after, path.string());
    size_t node = is.find(keys)->node;
    if (before == after) return {masked_yaml(was), masked_yaml(is)};
    return {open ? masked_yaml(was, node, true) : masked_yaml(was), masked_yaml(is, node, open)};
  }

 private:
  const Declaration declaration_{
      .name = "yaml.set",
      .kind = Kind::change,
      .summary = "Sets a value that a YAML file has, and keeps every other byte of the file.",
      .parameters =
          {{.name = "path", .type = Type::path, .help = "of the file, below the instance or absolute", .required = true},
           {.name = "keys",
            .type = Type::strings,
            .help = "the keys on the way to it; the number of an item, from 1, where there is a list",
            .required = true},
           {.name = "value", .type = Type::any, .help = "a string, number, boolean or secret reference", .required = true},
           {.name = "shared", .type = Type::boolean, .help = "also where aliases use the value elsewhere", .fallback = false},
           {.name = "public", .type = Type::boolean, .help = "the value is no secret and may be shown in the plan", .fallback = false}},
      .returns = "boolean",
      .returns_help = "whether anything changed",
      .errors = {"argument.invalid", "file.missing", "file.changed", "file.denied", "file.failed", "secret.missing", "unsupported",
                 "disk.full"},
      .example = "yaml.set(\"compose.yml\", { \"services\", \"app\", \"image\" }, \"acme/app:1.3.0\", { public = true }) --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_yaml_set() { return std::make_unique<YamlSet>(); }

}  // namespace playbook
