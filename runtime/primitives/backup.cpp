#include "runtime/primitives/backup.h"

#include <algorithm>

#include "runtime/backup/services.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"
#include "runtime/container/service_place.h"
#include "runtime/primitives/backup_records.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/postgres.h"

namespace playbook {

namespace {

std::filesystem::path named_set(const std::filesystem::path& folder, const std::string& name) {
  std::error_code ignored;
  if (std::filesystem::exists(folder / name, ignored)) return folder / name;
  std::vector<std::string> fitting;
  for (const ListedSet& listed : list_sets(folder))
    if (std::string other = listed.path.filename(); listed.set && other.find(name) != std::string::npos)
      fitting.push_back(std::move(other));
  if (fitting.size() > 1)
    throw Error(Code::name_unknown,
                std::to_string(fitting.size()) + " backup sets have \"" + name + "\" in their names: " + join(fitting, ", "),
                "give more of its name");
  return folder / (fitting.empty() ? name : fitting.front());
}

class ComposeServices final : public Services {
 public:
  explicit ComposeServices(Context& context) : context_(context) {}

  bool runs(const Json& server) override {
    ComposeWork work(context_, {{"project", server.at("project")}, {"services", {server.at("service")}}});
    const std::vector<Container> containers = work.containers();
    return std::any_of(containers.begin(), containers.end(), [](const Container& one) { return one.is_running(); });
  }
  std::unique_ptr<Place> inside(const Json& server) override {
    return open_service_place(context_, server.at("project"), server.at("service"), user(server));
  }
  std::unique_ptr<Place> beside(const Json& server) override {
    return one_off_place(docker_tools(context_), project_from(context_, server.at("project")), server.at("service"), user(server));
  }

 private:
  static std::string user(const Json& server) { return get_or<std::string>(server, "user", ""); }
  Context& context_;
};

}  // namespace

Work work_of(Context& context) {
  std::string own = "scratch-" + sha256(context.action_id()).substr(0, 8);  // the same again when the action is tried again
  Work work(context.environment().run_folder / own, &context.cancel(), context.faults(),
            [&context](std::uint64_t done, std::optional<std::uint64_t> total) { context.progress(done, total, "bytes"); });
  work.set_surroundings(
      {context.action_id(), context.environment().children, [&context](const Json& server) { return open_postgres(context, server); },
       std::make_shared<ComposeServices>(context), [&context](const Json& secret) { return context.open_secret(secret); }});
  return work;
}

std::filesystem::path backups_folder(Context& context, const Json& args) {
  std::string to = get_or<std::string>(args, "to", "");
  return to.empty() ? context.environment().state_folder / "backups" : context.resolve(to);
}

std::filesystem::path set_path(Context& context, const Json& set) {
  std::string path = set.is_string() ? set.get<std::string>() : get_or<std::string>(set, "path", "");
  if (path.empty())
    throw Error(Code::argument_invalid, "a backup set must be what backup.create gave, or the path or name of a set",
                "`playbook backup list` shows the sets of this instance");
  if (set.is_string() && path.find('/') == std::string::npos) return named_set(context.environment().state_folder / "backups", path);
  std::filesystem::path found = context.resolve(path);
  return found.has_filename() ? found : found.parent_path();
}

BackupSet open_set(Context& context, const Json& set) { return BackupSet::open(set_path(context, set)).moved_to(context.instance()); }

std::string known_digest(Context& context, const Json& set) {
  if (!set.is_string()) return get_or<std::string>(set, "digest", "");
  return SetRecords(context.environment().state_folder).digest(set_path(context, set));
}

Json attestation_of(Context& context) {
  return {{"time", to_iso(context.clock().utc())}, {"by", context.environment().actor}, {"action", context.action_id()}};
}

bool is_planned_set(const Json& set) { return get_or(set, "planned", false); }

Json set_value(const BackupSet& set, const SourceRegistry& sources) {
  const Manifest& manifest = set.manifest();
  Json parts = Json::array(), rows = Json::object(), specs = Json::array();
  for (const Part& part : manifest.parts)
    parts.push_back({{"file", part.file}, {"bytes", part.bytes}, {"stored_bytes", part.stored_bytes}});
  std::vector<std::pair<std::string, Json>> with_rows;
  for (const StoredSource& source : manifest.sources) {
    specs.push_back(source.spec);
    Json counted = reading_manifest(manifest.name, [&] { return sources.at(source.type).rows(source); });
    if (!counted.empty()) with_rows.emplace_back(source.name, std::move(counted));
  }
  for (const auto& [name, counted] : with_rows)
    for (const auto& [table, count] : counted.items()) rows[with_rows.size() == 1 ? table : name + "." + table] = count;
  return {{"type", "backup.set"},
          {"name", manifest.name},
          {"path", set.path().string()},
          {"digest", set.digest()},
          {"created", manifest.created},
          {"application", manifest.application},
          {"version", manifest.version},
          {"note", manifest.note},
          {"instance", manifest.instance},
          {"bytes", set.bytes()},
          {"parts", parts},
          {"keys", manifest.keys},
          {"rows", rows},
          {"sources", specs}};
}

Manifest manifest_of(Context& context, const Json& args) {
  Manifest manifest;
  manifest.created = to_iso(context.clock().utc());
  manifest.application = get_or<std::string>(args, "app", "");
  manifest.version = get_or<std::string>(args, "version", "");
  manifest.note = get_or<std::string>(args, "note", "");
  manifest.instance = context.instance().string();
  manifest.actor = context.environment().actor;
  manifest.action = context.action_id();
  return manifest;
}

Json new_place(Context& context, const Json& args) {
  const std::filesystem::path folder = backups_folder(context, args);
  const std::string app = get_or<std::string>(args, "app", ""), version = get_or<std::string>(args, "version", "");
  return {{"folder", folder.string()}, {"name", free_set_name(folder, context.clock().utc(), app, version)}};
}

Probe probe_set(const Json& place, const SourceRegistry& sources) {
  const std::filesystem::path path = std::filesystem::path(place.at("folder").get<std::string>()) / place.at("name").get<std::string>();
  if (!std::filesystem::exists(path)) return {Probe::State::not_done, nullptr, "", false};
  sync_folder(path.parent_path());  // its maker may have died between the rename and this
  Json value = set_value(BackupSet::open(path), sources);
  value["verified"] = true;  // a set has its final name only after it was read back
  return {Probe::State::done, std::move(value), "", false};
}

std::vector<std::string> set_touches(Context& context, const Json& set, const SourceRegistry& sources) {
  std::vector<std::string> things;
  auto add = [&](const Json& spec) {
    for (std::string& thing : sources.at(spec.at("type")).touches(spec)) things.push_back(std::move(thing));
  };
  if (is_planned_set(set)) {
    for (const Json& spec : set["sources"]) add(spec);
  } else {
    const BackupSet stored = open_set(context, set);
    for (const StoredSource& source : stored.manifest().sources) add(source.spec);
  }
  return things;
}

std::filesystem::path identity_of(Context& context, const Json& args) {
  const std::string identity = get_or<std::string>(args, "identity", "");
  return identity.empty() ? std::filesystem::path() : context.resolve(identity);
}

std::vector<std::string> strings_of(const Json& args, const char* key) {
  return get_or<std::vector<std::string>>(args, key, std::vector<std::string>{});
}

}  // namespace playbook
