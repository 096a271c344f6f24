// Versions of packages and values of properties in MSBuild files (`*.csproj`, `Directory.Packages.props`), edited so that only the bytes of
// the value change: comments, CDATA, order, quotes, BOM and line ends stay. expat says whether it is XML at all, pugixml where things
// stand. Several places that could be meant are refused, named.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace playbook {

class Csproj {
 public:
  /// package: the version of a `PackageReference` or `PackageVersion`; property: an element of a `PropertyGroup`.
  enum class What { package, property };

  /// `name` is how errors call the file. Throws file.failed with the place: `Shop.csproj:3:5: ...`.
  static Csproj parse(std::string text, std::string name);

  const std::string& text() const { return text_; }

  /// Nothing where there is none, or where a package has its version elsewhere. `$(Name)` is followed to a property of the same file.
  /// Throws `unsupported` where several differ or it lies in another file. Names of packages are compared without regard to case.
  std::optional<std::string> get(What what, const std::string& name) const;

  /// From now on `get` gives `value`. Throws argument.invalid where there is no such value, `unsupported` where several could be meant.
  void set(What what, const std::string& name, const std::string& value);

 private:
  enum class Form { attribute, text, cdata };
  struct Value {
    What what;
    std::string name;
    std::string value;  ///< without white space around it
    Form form;
    size_t begin = 0, end = 0;  ///< raw bytes of that
    bool simple = true;         ///< false: a comment or an element stands in it
  };
  class Reader;

  Csproj(std::string text, std::string name) : text_(std::move(text)), name_(std::move(name)) {}
  std::vector<const Value*> found(What what, const std::string& name) const;
  /// Through `$(Name)`.
  const Value* defined(What what, const std::string& name) const;
  std::string place(size_t offset) const;

  std::string text_;
  std::string name_;
  std::vector<Value> values_;
};

}  // namespace playbook
