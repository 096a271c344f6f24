// dotenv.unset: takes a setting out of a .env file and keeps every other line.
#include "runtime/primitives/dotenv.h"

namespace playbook {
namespace {

class DotenvUnset : public DotenvEdit {
 public:
  const Declaration& declaration() const override { return declaration_; }

 protected:
  void edit(Context&, Dotenv& file, const Json& args) override { file.unset(args.at("key").get<std::string>()); }

 private:
  const Declaration declaration_{
      .name = "dotenv.unset",
      .kind = Kind::change,
      .summary = "Takes a setting out of a .env file, with every line that sets it.",
      .parameters =
          {{.name = "path", .type = Type::path, .help = "of the .env file, below the instance or absolute", .required = true},
           {.name = "key", .type = Type::string, .help = "of the setting", .required = true},
           {.name = "public", .type = Type::boolean, .help = "the value is no secret and may be shown in the plan", .fallback = false}},
      .returns = "boolean",
      .returns_help = "whether it was there",
      .errors = {"dotenv.invalid", "file.missing", "file.changed", "file.denied", "disk.full"},
      .example = "dotenv.unset(\".env\", \"LEGACY_MODE\") --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_dotenv_unset() { return std::make_unique<DotenvUnset>(); }

}  // namespace playbook
