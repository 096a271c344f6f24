// file.remove: takes a file away, so that it can be brought back.
#include "runtime/base/error.h"
#include "runtime/primitives/file.h"

namespace playbook {
namespace {

class FileRemove : public FileEdit {
 public:
  const Declaration& declaration() const override { return declaration_; }

 protected:
  Content edited(Context&, const std::filesystem::path& path, const Json&, const Content&) override {
    std::error_code error;
    if (std::filesystem::is_symlink(path, error))
      throw Error(Code::unsupported, path.string() + " is a symbolic link; expected a file", "name the file that it points to");
    return std::nullopt;
  }

 private:
  const Declaration declaration_{
      .name = "file.remove",
      .kind = Kind::change,
      .summary = "Removes a file; a copy of its content stays with the run.",
      .parameters = {{.name = "path", .type = Type::path, .help = "below the instance, or absolute", .required = true}},
      .returns = "boolean",
      .returns_help = "whether there was one",
      .errors = {"file.changed", "file.denied", "unsupported", "disk.full"},
      .example = "file.remove(\"maintenance.flag\") --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_file_remove() { return std::make_unique<FileRemove>(); }

}  // namespace playbook
