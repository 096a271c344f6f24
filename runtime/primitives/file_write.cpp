// file.write: gives a file its whole content, in one instant.
#include "runtime/base/error.h"
#include "runtime/primitives/file.h"

namespace playbook {
namespace {

class FileWrite : public FileEdit {
 public:
  const Declaration& declaration() const override { return declaration_; }

 protected:
  Content edited(Context& context, const std::filesystem::path&, const Json& args, const Content&) override {
    mode(args);
    return context.open_secret(args.at("content"));
  }

  mode_t mode(const Json& args) const override {
    auto text = args.at("mode").get<std::string>();
    bool octal = text.size() >= 3 && text.size() <= 4 && text.find_first_not_of("01234567") == std::string::npos;
    if (!octal)
      throw Error(Code::argument_invalid, "file.write: parameter \"mode\" must be octal digits such as \"0640\", found \"" + text + "\"");
    return static_cast<mode_t>(std::stoul(text, nullptr, 8));
  }

  std::pair<std::string, std::string> shown(const std::filesystem::path& path, const Json& args, const Content& before,
                                            const Content& after) const override {
    if (!is_secret(args.at("content"))) return FileEdit::shown(path, args, before, after);
    return {before ? "***\n" : "", before == after ? "***\n" : "*** (" + secret_label(args.at("content")) + ")\n"};
  }

 private:
  const Declaration declaration_{
      .name = "file.write",
      .kind = Kind::change,
      .summary = "Gives a file its whole content. Owner and mode of a file that is there stay; its folder must exist.",
      .parameters = {{.name = "path", .type = Type::path, .help = "below the instance, or absolute", .required = true},
                     {.name = "content", .type = Type::secret, .help = "the text, or a secret reference", .required = true},
                     {.name = "mode", .type = Type::string, .help = "of a new file, octal", .fallback = "0644"}},
      .returns = "boolean",
      .returns_help = "whether anything changed",
      .errors = {"file.changed", "file.denied", "file.missing", "disk.full"},
      .example = "file.write(\"VERSION\", \"1.4.0\\n\") --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_file_write() { return std::make_unique<FileWrite>(); }

}  // namespace playbook
