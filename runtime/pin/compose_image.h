// Where Compose takes the image of a service from: several files of which the last wins, merge keys, aliases, `extends` within a file,
// variables with defaults. What lies in a file that is not one of the project's (`extends: {file:}`, `include`) is refused with its place.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/pin/yaml.h"

namespace playbook {

struct ImagePlace {
  size_t file = 0;      ///< number of the file, in the order that they were given
  size_t node = 0;      ///< the scalar in it
  std::string written;  ///< what it says, with variables: `acme/app:${APP_VERSION:-latest}`
  std::string place;    ///< `docker-compose.yml:14:12`
};

/// Throws `unsupported` with the place; argument.invalid where no file gives the service an image.
ImagePlace find_image(const std::vector<Yaml>& files, const std::string& service);

/// One piece of a text as Compose interpolates it: literal text, or a variable with its operator and default.
struct TemplatePart {
  std::string text;        ///< of a literal
  std::string variable{};  ///< "" for a literal
  std::string instead{};   ///< behind `-` or `:-`
};
/// Throws `unsupported` for what is not `$$`, `$NAME`, `${NAME}` or `${NAME:-default}` and its like.
std::vector<TemplatePart> template_parts(const std::string& text);

/// The one variable whose value makes the template `wanted`, the last one first, with its value; nothing where none can.
/// `value`: what Compose takes for a name now.
using TemplateValue = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::pair<std::string, std::string>> solve_template(const std::vector<TemplatePart>& parts, const std::string& wanted,
                                                                  const TemplateValue& value);

}  // namespace playbook
