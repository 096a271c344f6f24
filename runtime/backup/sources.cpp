// The kinds of sources, one line each.
#include "runtime/backup/source.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {

std::unique_ptr<Source> make_command_source();
std::unique_ptr<Source> make_directory_source();
std::unique_ptr<Source> make_external_source();
std::unique_ptr<Source> make_files_source();
std::unique_ptr<Source> make_image_source();
std::unique_ptr<Source> make_keys_source();
std::unique_ptr<Source> make_mongodb_source();
std::unique_ptr<Source> make_postgres_source();
std::unique_ptr<Source> make_redis_source();
std::unique_ptr<Source> make_s3_source();
std::unique_ptr<Source> make_sqlite_source();
std::unique_ptr<Source> make_sqlserver_source();
std::unique_ptr<Source> make_volume_source();

std::filesystem::path Source::restored_below(const Json& spec, Work&) const {
  if (spec.contains("base")) return spec["base"].get<std::string>();
  return spec.contains("path") ? std::filesystem::path(spec["path"].get<std::string>()).parent_path() : std::filesystem::path();
}

bool Source::recognizes(const std::filesystem::path&) const { return false; }

Json Source::import(const Json& spec, const std::filesystem::path& copy, SetWriter&, Work&) const {
  throw Error(Code::unsupported,
              copy.string() + " cannot become a backup of " + describe(spec) + ": nothing is imported into a source of type " + type());
}

SourceRegistry::SourceRegistry() {
  for (auto make : {make_command_source, make_directory_source, make_external_source, make_files_source, make_image_source,
                    make_keys_source, make_mongodb_source, make_postgres_source, make_redis_source, make_s3_source, make_sqlite_source,
                    make_sqlserver_source, make_volume_source})
    add(make());
}

void SourceRegistry::add(std::unique_ptr<Source> source) { sources_.push_back(std::move(source)); }

const Source& SourceRegistry::at(const std::string& type) const {
  std::vector<std::string> names;
  for (const auto& source : sources_) {
    if (source->type() == type) return *source;
    names.push_back(source->type());
  }
  throw Error(Code::unsupported, "there is no backup source of type \"" + type + "\"" + did_you_mean(type, names),
              "this version knows " + join(names, ", "));
}

bool SourceRegistry::read_beside(const Json& spec) const {
  const std::string type = spec.is_object() ? get_or<std::string>(spec, "type", "") : "";
  return std::any_of(sources_.begin(), sources_.end(),
                     [&](const auto& source) { return source->type() == type && source->reads_beside(spec); });
}

std::vector<Json> SourceRegistry::check(const Json& specs, const std::filesystem::path& instance) const {
  if (!specs.is_array() || specs.empty()) throw Error(Code::argument_invalid, "sources must be a list of at least one source");
  std::vector<Json> complete;
  std::set<std::string> names;
  for (const Json& spec : specs) {
    if (!spec.is_object() || !spec.contains("type") || !spec["type"].is_string())
      throw Error(Code::argument_invalid, "a source must be a map with a type, such as {type=\"sqlite\", path=\"data.db\"}");
    complete.push_back(at(spec["type"].get<std::string>()).check(spec, instance));
    std::string name = complete.back().at("name");
    if (!names.insert(name).second)
      throw Error(Code::argument_invalid, "two sources are called \"" + name + "\"",
                  "give each a `name` of its own; their parts are called after it");
  }
  return complete;
}

void check_spec(const Json& spec, const std::vector<std::string>& known) {
  std::string type = spec.at("type");
  for (const auto& [key, value] : spec.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw Error(Code::argument_invalid, "source " + type + ": member \"" + key + "\" does not exist" + did_you_mean(key, known));
  if (!spec.contains("name")) return;
  const Json& name = spec["name"];
  auto good = [](const std::string& text) {
    return !text.empty() && text[0] != '.' && text[0] != '-' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string::npos;
  };
  if (!name.is_string() || !good(name.get<std::string>()))
    throw Error(Code::argument_invalid, "source " + type + ": name must be letters, digits, `.`, `_` and `-`, found " + canonical(name));
}

std::filesystem::path absolute_below(const std::filesystem::path& instance, const std::string& path) {
  std::filesystem::path found = (instance / path).lexically_normal();
  return found.has_filename() ? found : found.parent_path();
}

bool begins_with(const std::filesystem::path& file, const std::string& bytes) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return false;
  std::string found(bytes.size(), '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(found.data(), static_cast<std::streamsize>(found.size()));
  return stream && found == bytes;
}

Json counted_loss(const Source& source, const Stored& stored, Work& work, const std::string& equal) {
  const std::string what = source.describe(stored.source.spec);
  auto item = [&](const std::string& text, int changed) {
    return Json{{"what", what}, {"text", text}, {"added", 0}, {"removed", 0}, {"changed", changed}};
  };
  Json items = Json::array();
  try {
    for (const std::string& line : source.differences(stored, work)) items.push_back(item(line, 1));
    if (items.empty()) items.push_back(item(what + ": " + equal + "; what is in them is not compared", 0));
  } catch (const Error& unreadable) {
    if (unreadable.code() == Code::cancelled) throw;
    items.push_back({{"what", what}, {"unreadable", unreadable.message()}});
  }
  return {{"name", stored.source.name}, {"type", source.type()}, {"items", items}};
}

}  // namespace playbook
