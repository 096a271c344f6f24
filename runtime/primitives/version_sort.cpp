// version.sort: releases from the oldest to the newest.
#include <algorithm>

#include "runtime/base/version.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_version_sort() {
  return make_function(
      {
          .name = "version.sort",
          .summary = "Sorts release versions from the oldest to the newest; equal ones stay in their order.",
          .parameters = {{.name = "versions", .type = Type::strings, .help = "versions", .required = true}},
          .returns = "string[]",
          .errors = {"version.invalid"},
          .example = "version.sort({ \"1.10\", \"1.9\" })[1] --> \"1.9\"",
      },
      [](Context&, const Json& args) -> Json {
        std::vector<Version> versions;
        for (const Json& text : args.at("versions")) versions.push_back(Version::parse(text.get_ref<const std::string&>()));
        std::stable_sort(versions.begin(), versions.end(), [](const Version& a, const Version& b) { return a < b; });
        Json sorted = Json::array();
        for (const Version& version : versions) sorted.push_back(version.text());
        return sorted;
      });
}

}  // namespace playbook
