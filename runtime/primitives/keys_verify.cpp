// keys.verify: proves by trial that keys open what is stored under them, live or in a backup set.
#include <map>

#include "runtime/backup/restore.h"
#include "runtime/backup/sealed.h"
#include "runtime/backup/tree_archive.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/keys/keyring_trial.h"
#include "runtime/primitives/backup.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/keys.h"
#include "runtime/primitives/keys_pglite.h"
#include "runtime/primitives/keys_stored.h"
#include "runtime/primitives/postgres.h"

namespace playbook {
namespace {

// The worst of them; unknown is worse than a match, whatever else matches.
std::string worst(const Json& schemes) {
  for (const char* verdict : {"mismatch", "partial", "unknown"})
    for (const Json& scheme : schemes)
      if (scheme.at("verdict") == verdict) return verdict;
  return schemes.empty() ? "unknown" : "match";
}

struct Attempt {
  Json keyring;
  KeyringTrial trial;
  /// What cannot be read here at all is unknown, and no error.
  void read(const std::function<PlaceCounts(const StoredValueSink&)>& reader) try {
    for (const auto& [place, values] : reader([&](const StoredValue& value) { trial.add(value); })) trial.count(place, values);
  } catch (const Error& error) {
    if (error.code() != Code::unsupported) throw;
    trial.cannot_read(error.message());
  }
};

// One keyring's only key in the place of another's.
void suspect_exchange(KeyringTrial& trial, const Keyring& one, const Keyring& other) {
  auto only = [](const Keyring& keyring) {
    std::vector<std::string> names;
    for (const KeyText& key : keyring.scheme->keys())
      if (key.required) names.push_back(key.name);
    return names.size() == 1 && keyring.texts.contains(names[0]) ? names[0] : "";
  };
  if (only(one).empty() || only(other).empty()) return;
  KeyTexts exchanged = copy_of(one.texts);
  exchanged[only(one)] = SecretBytes(text_of(other.texts, only(other)));
  trial.suspect("the " + only(other) + " of " + other.scheme->name(), std::move(exchanged));
}

class KeysVerify : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    std::vector<Attempt> attempts = open(context, keyrings_with_places(args));
    if (const Json set = get_or<Json>(args, "set", nullptr); !set.is_null())
      try_set(context, args, attempts);
    else
      for (Attempt& attempt : attempts)
        attempt.read([&](const StoredValueSink& sink) { return read_stored(context, attempt.keyring["stored"], sink); });

    Json verdicts = Json::array();
    std::vector<std::string> texts;
    for (Attempt& attempt : attempts) {
      verdicts.push_back(attempt.trial.verdict());
      texts.push_back(verdicts.back().at("text"));
    }
    const std::string text = texts.empty() ? "no keyring is given" : join(texts, "\n");
    return {{"type", "keys.verdict"}, {"verdict", worst(verdicts)}, {"text", text}, {"schemes", verdicts}};
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    if (args.contains("set") && !args["set"].is_null()) return {"file:" + set_path(context, args["set"]).string()};
    std::vector<std::string> things;
    for (const Json& keyring : keyrings_with_places(args)) {
      for (std::string& thing : stored_touches(context, keyring["stored"])) things.push_back(std::move(thing));
      if (keyring.contains("service")) things.push_back(project_thing(context, keyring["service"]));
    }
    return things;
  }

 private:
  static std::vector<Json> keyrings_with_places(const Json& args) {
    std::vector<Json> keyrings = keyrings_of(args);
    for (const Json& keyring : keyrings) check_stored(get_or<Json>(keyring, "stored", nullptr));
    return keyrings;
  }

  std::vector<Attempt> open(Context& context, const std::vector<Json>& keyrings) const {
    KeyringReader reader(context, schemes_);
    std::vector<Keyring> opened;
    for (const Json& keyring : keyrings) opened.push_back(reader.open(keyring));
    std::vector<Attempt> attempts;
    for (size_t i = 0; i < opened.size(); ++i) {
      Keyring& one = opened[i];
      KeyringTrial trial(*one.scheme, copy_of(one.texts), one.problem);
      for (const Keyring& other : opened)
        if (&other != &one) suspect_exchange(trial, one, other);
      if (!one.container.empty()) {
        trial.note("container " + one.container + " runs with another key than the compose file gives");
        trial.suspect("the key of container " + one.container, std::move(one.running));
      }
      attempts.push_back({keyrings[i], std::move(trial)});
    }
    return attempts;
  }

  // By a rehearsal: each database of the set is restored beside once, read, and dropped.
  void try_set(Context& context, const Json& args, std::vector<Attempt>& attempts) const {
    Work work = work_of(context);
    const Json& name = args.at("set");
    const ClearSet clear(BackupSet::open(set_path(context, name)), known_digest(context, name), identity_of(context, args), sources_, work);
    const BackupSet& set = clear.set();
    std::map<const StoredSource*, std::vector<Attempt*>> found;
    for (Attempt& attempt : attempts) {
      const Json& stored = attempt.keyring["stored"];
      if (stored.is_null()) continue;
      if (get_or<std::string>(stored, "type", "") == "pglite")
        attempt.read([&](const StoredValueSink& sink) { return read_stored_tree(context, set, stored, work, sink); });
      else if (!stored.contains("server"))
        attempt.trial.cannot_read("what is stored in " + set.manifest().name + " cannot be read without the application");
      else
        found[&source_of(context, set, attempt.keyring)].push_back(&attempt);
    }
    for (const auto& [source, wanted] : found) {
      work.show_copies([&, &those = wanted](PostgresSession& session) {
        for (Attempt* attempt : those)
          attempt->read([&](const StoredValueSink& sink) { return read_stored(context, session, attempt->keyring["stored"], sink); });
      });
      sources_.at(source->type).rehearse(set.stored(*source), work);
    }
  }

  // The folder in a tree of the set, restored beside.
  static PlaceCounts read_stored_tree(Context& context, const BackupSet& set, const Json& stored, Work& work, const StoredValueSink& sink) {
    const std::filesystem::path folder = context.resolve(stored.at("path"));
    for (const StoredSource& source : set.manifest().sources) {
      const std::filesystem::path below = folder.lexically_relative(get_or<std::string>(source.spec, "path", "/"));
      if (source.type != "directory" || below.empty() || *below.begin() == "..") continue;
      const ScratchFolder scratch(work, "pglite");
      extract_tree(set.stored(source), scratch.path(), work);
      return read_pglite_copy(context, stored, scratch.path() / below, sink);
    }
    throw Error(Code::argument_invalid, "backup set " + set.manifest().name + " holds no folder " + folder.string());
  }

  static const StoredSource& source_of(Context& context, const BackupSet& set, const Json& keyring) {
    const Json& stored = keyring["stored"];
    const Json server = check_postgres_server(stored["server"], context.instance());
    for (const StoredSource& source : set.manifest().sources)
      if (source.type == "postgres" && get_or<Json>(source.spec, "server", nullptr) == server) return source;
    throw Error(Code::argument_invalid, "backup set " + set.manifest().name + " holds no " + postgres_label(server),
                "it was made of another instance, or the instance reaches its database otherwise by now");
  }

  const SchemeRegistry schemes_;
  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "keys.verify",
      .kind = Kind::read,
      .summary = "Tries keys on the secrets that an application has stored under them, in its database or in a backup set.",
      .parameters = {kKeyringsParameter,
                     {"set", Type::any, "a backup set: what it holds is tried, in a scratch database beside, not what is live", false,
                      nullptr},
                     {"identity", Type::path, "of age: the file with a key that opens an encrypted set", false, nullptr}},
      .returns = "keys.verdict",
      .returns_help =
          "verdict (match, mismatch, partial, or unknown where there was nothing to try), text, and for each scheme how many values "
          "opened, "
          "failed, ask for a key that is not given, and where",
      .errors = {"argument.invalid", "unsupported", "postgres.failed", "postgres.locked", "process.missing", "backup.corrupt", "cancelled"},
      .example = "keys.verify(app.keyrings).text --> \"appstrate: 42 of 42 stored values open\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_keys_verify() { return std::make_unique<KeysVerify>(); }

}  // namespace playbook
