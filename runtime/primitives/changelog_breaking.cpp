// changelog.breaking: what a changelog says breaks between two releases, and which of an operator's settings it names.
#include <regex>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/pin/changelog.h"
#include "runtime/pin/dotenv.h"
#include "runtime/primitives/file.h"
#include "runtime/primitives/function.h"

namespace playbook {
namespace {

constexpr std::uintmax_t kLargest = 16 << 20;

std::set<std::string> names_set(const Context& context, const Json& args) {
  std::set<std::string> names;
  auto file = get_or<std::string>(args, "env_file", "");
  if (file.empty()) return names;
  const std::filesystem::path path = context.resolve(file);
  const Dotenv env = Dotenv::parse(read_file(path), path.string());
  for (const Dotenv::Entry& entry : env.entries()) names.insert(entry.key);
  return names;
}

Json settings_in(const std::string& text, const std::set<std::string>& names) {
  static const std::regex word("[A-Z][A-Z0-9]*(_[A-Z0-9]+)+");
  std::set<std::string> named;
  for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it)
    if (names.contains(it->str())) named.insert(it->str());
  return named;
}

}  // namespace

std::unique_ptr<Primitive> make_changelog_breaking() {
  return make_function(
      {.name = "changelog.breaking",
       .kind = Kind::read,
       .summary = "What a changelog says breaks between two releases. It says less than what does break: compare settings and images too.",
       .parameters =
           {{.name = "path", .type = Type::path, .help = "the changelog of the target", .required = true},
            {.name = "from", .type = Type::string, .help = "the present release", .required = true},
            {.name = "to", .type = Type::string, .help = "the target", .required = true},
            {.name = "before", .type = Type::path, .help = "the changelog of the present release, where sections name no versions"},
            {.name = "env_file", .type = Type::path, .help = "a .env file: names of its settings that an entry mentions are told"}},
       .returns = "{version: string?, kind: string, scope: string?, text: string, settings: string[]}[]",
       .returns_help = "in the order of the file; empty where nothing is marked",
       .errors = {"dotenv.invalid", "file.denied", "file.failed", "file.missing", "version.invalid"},
       .example = "changelog.breaking(\"CHANGELOG.md\", \"1.4.0\", \"2.0.0\")[1].text --> \"BREAKING: the API answers a list\""},
      [](Context& context, const Json& args) -> Json {
        auto read = [&](const char* key) {
          auto path = get_or<std::string>(args, key, "");
          return path.empty() ? std::vector<ChangelogEntry>{} : parse_changelog(read_text(context.resolve(path), kLargest));
        };
        const std::set<std::string> names = names_set(context, args);
        Json list = Json::array();
        for (const Breaking& one : breaking_changes(read("before"), read("path"), args.at("from"), args.at("to"))) {
          Json shown{{"kind", one.entry.kind}, {"text", one.entry.text}, {"settings", settings_in(one.entry.text, names)}};
          if (!one.version.empty()) shown["version"] = one.version;
          if (!one.scope.empty()) shown["scope"] = one.scope;
          list.push_back(std::move(shown));
        }
        return list;
      },
      "path");
}

}  // namespace playbook
