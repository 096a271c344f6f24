// file.copy: gives a file the content of another one, which the playbook never sees.
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/primitives/file.h"
#include "runtime/primitives/yaml.h"

namespace playbook {
namespace {

class FileCopy : public FileEdit {
 public:
  const Declaration& declaration() const override { return declaration_; }

 protected:
  Content edited(Context& context, const std::filesystem::path&, const Json& args, const Content&) override {
    const std::filesystem::path from = context.resolve(args.at("from").get<std::string>());
    Content content = try_read_file(from);
    if (!content) throw Error(Code::file_missing, from.string() + " does not exist", "correct the path");
    return content;
  }

  // Values of YAML files are hidden as those of .env files are: passwords stand in compose files too.
  std::pair<std::string, std::string> shown(const std::filesystem::path& path, const Json& args, const Content& before,
                                            const Content& after) const override {
    if (path.extension() != ".yml" && path.extension() != ".yaml") return FileEdit::shown(path, args, before, after);
    auto masked = [&](const Content& text) { return text ? masked_yaml(Yaml::parse(*text, path.string())) : ""; };
    return {masked(before), masked(after)};
  }

 private:
  const Declaration declaration_{
      .name = "file.copy",
      .kind = Kind::change,
      .summary = "Gives a file the whole content of another. Owner and mode of a file that is there stay; its folder must exist.",
      .parameters = {{.name = "path", .type = Type::path, .help = "the file that is changed or made", .required = true},
                     {.name = "from", .type = Type::path, .help = "the file whose content it gets", .required = true}},
      .returns = "boolean",
      .returns_help = "whether anything changed",
      .errors = {"file.changed", "file.denied", "file.missing", "file.failed", "unsupported", "disk.full"},
      .example = "file.copy(\"docker-compose.yml\", \"release/docker-compose.yml\") --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_file_copy() { return std::make_unique<FileCopy>(); }

}  // namespace playbook
