#include "runtime/primitives/keys.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/keys/fingerprint.h"
#include "runtime/primitives/compose.h"

namespace playbook {
namespace {

void demand_members(const Json& value, const std::string& what, const std::vector<std::string>& known) {
  if (!value.is_object()) throw Error(Code::argument_invalid, what + " must be a map");
  for (const auto& [name, unused] : value.items())
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error(Code::argument_invalid, what + ": \"" + name + "\" does not belong there" + did_you_mean(name, known));
}

// Compose prints a configuration that Compose can read, so a dollar sign comes doubled.
std::string without_escapes(const std::string& printed) {
  std::string text;
  for (size_t i = 0; i < printed.size(); ++i) {
    text += printed[i];
    if (printed[i] == '$' && i + 1 < printed.size() && printed[i + 1] == '$') ++i;
  }
  return text;
}

// Keys that stand inside another text, such as a map of retired ones, are secrets each for itself.
void learn_members(Redactor& redactor, const std::string& name, std::string_view text) {
  const Json map = text.starts_with('{') ? Json::parse(text, nullptr, false) : Json();
  if (!map.is_object()) return;
  for (const auto& [id, key] : map.items())
    if (key.is_string()) redactor.add(name + "." + id, key.get_ref<const std::string&>());
}

}  // namespace

const Parameter kKeyringsParameter{
    "keyrings", Type::list,
    "{scheme=, keys={NAME=secret reference, or a variable of the service}, service={project=, service=}?, stored=?} each", true, nullptr};

std::vector<Json> keyrings_of(const Json& args) {
  std::vector<Json> keyrings = args.at("keyrings").get<std::vector<Json>>();
  for (const Json& keyring : keyrings) {
    demand_members(keyring, "keyring", {"scheme", "keys", "service", "stored"});
    if (!get_or<Json>(keyring, "scheme", nullptr).is_string()) throw Error(Code::argument_invalid, "keyring: scheme must be a name");
    if (!get_or<Json>(keyring, "keys", nullptr).is_object()) throw Error(Code::argument_invalid, "keyring: keys must be a map");
    if (keyring.contains("service")) demand_members(keyring["service"], "keyring: service", {"project", "service"});
  }
  return keyrings;
}

Json fingerprint_keyrings(Context& context, const SchemeRegistry& schemes, const std::vector<Json>& keyrings, const Json& like) {
  KeyringReader reader(context, schemes);
  Json all = Json::array();
  for (const Json& keyring : keyrings) {
    Keyring opened = reader.open(keyring);
    if (!opened.problem.empty()) context.log(LogLevel::warning, "no fingerprint: " + opened.problem);
    for (Json& one : fingerprint_keys(*opened.scheme, opened.texts, like)) all.push_back(std::move(one));
  }
  return all;
}

std::string KeyringReader::variable(const Json& service, const std::string& name) {
  const std::string described = canonical(service), who = service.at("service");
  if (!environments_.contains(described)) {
    ComposeWork work(context_, {{"project", service.at("project")}, {"services", {who}}});
    environments_[described] = get_or<Json>(work.checked_config().at("services").at(who), "environment", Json::object());
  }
  const Json& value = get_or<Json>(environments_[described], name.c_str(), nullptr);
  if (!value.is_string())
    throw Error(Code::secret_missing, "the compose file gives service " + who + " no " + name, "set " + name + ", then run this again");
  std::string text = without_escapes(value);
  context_.redactor().add(name, text);
  return text;
}

Keyring KeyringReader::open(const Json& keyring) {
  const Scheme& scheme = schemes_.at(keyring.at("scheme"));
  const Json& given = keyring.at("keys");
  std::vector<std::string> known;
  for (const KeyText& key : scheme.keys()) known.push_back(key.name);
  demand_members(given, "keys of scheme " + scheme.name(), known);
  Keyring opened{&scheme, {}, ""};
  for (const KeyText& key : scheme.keys()) {
    const Json reference = get_or<Json>(given, key.name.c_str(), nullptr);
    if (reference.is_null() && !key.required) continue;
    if (!keyring.contains("service") && !is_secret(reference))
      throw Error(Code::argument_invalid, "scheme " + scheme.name() + ": " + key.name + " must be a secret reference",
                  "secret.dotenv, secret.file, secret.json and secret.env make one; it is " + key.help);
    try {
      std::string text =
          keyring.contains("service") ? variable(keyring["service"], reference.get<std::string>()) : context_.open_secret(reference);
      learn_members(context_.redactor(), key.name, text);
      opened.texts.emplace(key.name, SecretBytes::taken_from(text));
    } catch (const Error& error) {
      if (error.code() != Code::secret_missing) throw;
      if (key.required) opened.problem = error.message();
    }
  }
  return opened;
}

}  // namespace playbook
