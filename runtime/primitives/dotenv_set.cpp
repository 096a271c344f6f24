// dotenv.set: gives a setting in a .env file another value and keeps every other byte.
#include "runtime/primitives/dotenv.h"

namespace playbook {
namespace {

class DotenvSet : public DotenvEdit {
 public:
  const Declaration& declaration() const override { return declaration_; }

 protected:
  void edit(Context& context, Dotenv& file, const Json& args) override {
    auto key = args.at("key").get<std::string>();
    file.set(key, context.open_secret(args.at("value")));
    if (args.at("once").get<bool>()) file.keep_last(key);
  }

 private:
  const Declaration declaration_{
      .name = "dotenv.set",
      .kind = Kind::change,
      .summary = "Sets a value in a .env file so that Docker Compose reads exactly it, and keeps every other byte of the file.",
      .parameters =
          {{.name = "path", .type = Type::path, .help = "of the .env file, below the instance or absolute", .required = true},
           {.name = "key", .type = Type::string, .help = "of the setting; a new one goes to the end", .required = true},
           {.name = "value", .type = Type::secret, .help = "a string or a secret reference", .required = true},
           {.name = "public", .type = Type::boolean, .help = "the value is no secret and may be shown in the plan", .fallback = false},
           {.name = "once", .type = Type::boolean, .help = "takes away other lines that set it", .fallback = false}},
      .returns = "boolean",
      .returns_help = "whether anything changed",
      .errors = {"dotenv.invalid", "file.missing", "file.changed", "file.denied", "secret.missing", "disk.full"},
      .example = "dotenv.set(\".env\", \"VERSION\", \"1.4.0\", { public = true }) --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_dotenv_set() { return std::make_unique<DotenvSet>(); }

}  // namespace playbook
