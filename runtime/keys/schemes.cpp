#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/keys/scheme.h"

namespace playbook {

std::unique_ptr<Scheme> make_activepieces_scheme();
std::unique_ptr<Scheme> make_appsmith_v1_scheme();
std::unique_ptr<Scheme> make_appsmith_v2_scheme();
std::unique_ptr<Scheme> make_appstrate_scheme();
std::unique_ptr<Scheme> make_better_auth_scheme();
std::unique_ptr<Scheme> make_umbraco_scheme();

SchemeRegistry::SchemeRegistry() {
  add(make_activepieces_scheme());
  add(make_appsmith_v1_scheme());
  add(make_appsmith_v2_scheme());
  add(make_appstrate_scheme());
  add(make_better_auth_scheme());
  add(make_umbraco_scheme());
}

void SchemeRegistry::add(std::unique_ptr<Scheme> scheme) { schemes_.push_back(std::move(scheme)); }

const Scheme& SchemeRegistry::at(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& scheme : schemes_) {
    if (scheme->name() == name) return *scheme;
    names.push_back(scheme->name());
  }
  throw Error(Code::unsupported, "there is no key scheme \"" + name + "\"" + did_you_mean(name, names), "known are " + join(names, ", "));
}

void wipe_members(Json& map) {
  for (Json& member : map)
    if (member.is_string()) SecretBytes::wipe(member.get_ref<std::string&>());
}

KeyTexts copy_of(const KeyTexts& texts) {
  KeyTexts copy;
  for (const auto& [name, text] : texts) copy.emplace(name, text.copy());
  return copy;
}

std::string_view text_of(const KeyTexts& texts, const std::string& name) {
  auto found = texts.find(name);
  return found == texts.end() ? std::string_view() : found->second.view();
}

}  // namespace playbook
