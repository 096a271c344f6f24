#include "runtime/primitives/keys.h"

#include <algorithm>
#include <future>

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

// A secret reference, a variable where a service has them, or a list of those of which the first that is set counts.
bool is_place(const Json& place, bool has_service) {
  auto is_one = [&](const Json& one) { return is_secret(one) || (has_service && one.is_string()); };
  return is_one(place) || (has_service && place.is_array() && !place.empty() && std::all_of(place.begin(), place.end(), is_one));
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

std::function<Json()> fingerprint_keyrings(Context& context, const SchemeRegistry& schemes, std::vector<Json> keyrings, Json like,
                                           bool running) {
  struct Made {
    Json fingerprints = Json::array();
    std::vector<std::string> problems;
  };
  auto made = std::async(std::launch::async, [&context, &schemes, keyrings = std::move(keyrings), like = std::move(like), running] {
                Made all;
                KeyringReader reader(context, schemes);
                for (const Json& keyring : keyrings) {
                  const Keyring one = reader.open(keyring);
                  if (!one.problem.empty()) all.problems.push_back(one.problem);
                  const bool as_it_runs = running && !one.container.empty();
                  for (Json& fingerprint : fingerprint_keys(*one.scheme, as_it_runs ? one.running : one.texts, like))
                    all.fingerprints.push_back(std::move(fingerprint));
                }
                return all;
              }).share();
  return [made, &context] {
    for (const std::string& problem : made.get().problems) context.log(LogLevel::warning, "no fingerprint: " + problem);
    return made.get().fingerprints;
  };
}

KeyringReader::Service& KeyringReader::service(const Json& description) {
  const auto [place, is_new] = services_.try_emplace(canonical(description));
  if (!is_new) return place->second;
  const std::string name = description.at("service");
  ComposeWork work(context_, {{"project", description.at("project")}, {"services", {name}}});
  place->second.environment = get_or<Json>(work.checked_config().at("services").at(name), "environment", Json::object());
  for (const Container& container : work.containers())
    if (container.is_running() && place->second.container.empty()) {
      place->second.container = container.name;
      place->second.running = work.docker.environment(container);
    }
  return place->second;
}

std::string KeyringReader::variable(const Json& description, const std::string& name) {
  const Json value = get_or<Json>(service(description).environment, name.c_str(), nullptr);
  if (!value.is_string())
    throw Error(Code::secret_missing, "the compose file gives service " + description.at("service").get<std::string>() + " no " + name,
                "set " + name + ", then run this again");
  std::string text = without_escapes(value);
  context_.redactor().add(name, text);
  return text;
}

void KeyringReader::compare_running(Keyring& opened, const Json& keyring) {
  const Service& found = service(keyring.at("service"));
  for (const KeyText& key : opened.scheme->keys()) {
    const Json place = get_or<Json>(keyring.at("keys"), key.name.c_str(), nullptr);
    const Json name = place.is_array() ? place.at(0) : place;
    const auto there = name.is_string() ? found.running.find(name.get<std::string>()) : found.running.end();
    if (there == found.running.end() || there->second == text_of(opened.texts, key.name)) continue;
    context_.redactor().add(name.get<std::string>(), there->second);
    if (opened.container.empty()) opened.running = copy_of(opened.texts);
    opened.container = found.container;
    opened.running[key.name] = SecretBytes(there->second);
  }
}

std::string KeyringReader::text(const Json& keyring, const Json& place) {
  if (!place.is_array()) return place.is_string() ? variable(keyring["service"], place) : context_.open_secret(place);
  std::vector<std::string> missing;
  for (const Json& one : place) try {
      return text(keyring, one);
    } catch (const Error& error) {
      if (error.code() != Code::secret_missing) throw;
      missing.push_back(error.message());
    }
  throw Error(Code::secret_missing, join(missing, "; "));
}

Keyring KeyringReader::open(const Json& keyring) {
  const Scheme& scheme = schemes_.at(keyring.at("scheme"));
  const Json& given = keyring.at("keys");
  std::vector<std::string> known;
  for (const KeyText& key : scheme.keys()) known.push_back(key.name);
  demand_members(given, "keys of scheme " + scheme.name(), known);
  Keyring opened{&scheme, {}, "", "", {}};
  for (const KeyText& key : scheme.keys()) {
    const Json place = get_or<Json>(given, key.name.c_str(), nullptr);
    if (place.is_null() && !key.required) continue;
    if (!is_place(place, keyring.contains("service")))
      throw Error(Code::argument_invalid, "scheme " + scheme.name() + ": " + key.name + " must be a secret reference",
                  "secret.dotenv, secret.file, secret.json and secret.env make one; it is " + key.help);
    try {
      std::string text = this->text(keyring, place);
      learn_members(context_.redactor(), key.name, text);
      opened.texts.emplace(key.name, SecretBytes::taken_from(text));
    } catch (const Error& error) {
      if (error.code() != Code::secret_missing) throw;
      if (key.required) opened.problem = error.message();
    }
  }
  if (keyring.contains("service")) compare_running(opened, keyring);
  return opened;
}

}  // namespace playbook
