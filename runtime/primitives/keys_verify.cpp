// keys.verify: proves by trial that keys open what is stored under them, live or in a backup set.
#include "runtime/backup/restore.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/backup.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/keys.h"
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

class KeysVerify : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    KeyringReader reader(context, schemes_);
    Json verdicts = Json::array();
    std::vector<std::string> texts;
    for (const Json& keyring : keyrings_of(args)) {
      Keyring opened = reader.open(keyring);
      KeyringTrial trial(*opened.scheme, std::move(opened.texts), std::move(opened.problem));
      if (args.contains("set") && !args["set"].is_null())
        try_set(context, args["set"], keyring, trial);
      else
        try_live(context, keyring, trial);
      verdicts.push_back(trial.verdict());
      texts.push_back(verdicts.back().at("text"));
    }
    std::string verdict = worst(verdicts);
    return {{"type", "keys.verdict"},
            {"verdict", verdict},
            {"text", texts.empty() ? "no keyring is given" : join(texts, "\n")},
            {"schemes", verdicts}};
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    if (args.contains("set") && !args["set"].is_null()) return {"file:" + set_path(context, args["set"]).string()};
    std::vector<std::string> things;
    for (const Json& keyring : keyrings_of(args))
      for (std::string& thing : postgres_touches(check_postgres_server(server_of(keyring), context.instance())))
        things.push_back(std::move(thing));
    for (const Json& keyring : keyrings_of(args))
      if (keyring.contains("service")) things.push_back(project_thing(context, keyring["service"]));
    return things;
  }

 private:
  static const Json& server_of(const Json& keyring) {
    const Json* stored = keyring.contains("stored") ? &keyring["stored"] : nullptr;
    if (!stored || !stored->is_object() || get_or<Json>(*stored, "type", nullptr) != "postgres" || !stored->contains("server"))
      throw Error(Code::argument_invalid, "keyring: stored must be {type=\"postgres\", server=, columns={\"table.column\"}}");
    return (*stored)["server"];
  }

  static void read(Context& context, PostgresSession& session, const Json& stored, KeyringTrial& trial) {
    ColumnChoice choice{get_or<std::vector<std::string>>(stored, "columns", {}), get_or<std::uint64_t>(stored, "sample", 0)};
    if (choice.columns.empty()) throw Error(Code::argument_invalid, "keyring: stored.columns must name columns, such as \"*.*_encrypted\"");
    std::uint64_t rows = 0;
    auto counts = read_columns(session, choice, [&](const StoredValue& value) {
      trial.add(value);
      if (++rows % 500 == 0) {
        context.cancel().check();
        context.progress(rows, std::nullopt, "rows");
      }
    });
    for (const auto& [place, values] : counts) trial.count(place, values);
  }

  static void try_live(Context& context, const Json& keyring, KeyringTrial& trial) {
    auto server = open_postgres(context, server_of(keyring));
    read(context, *server->connect(postgres_options(context)), keyring.at("stored"), trial);
  }

  // By a rehearsal: the set's database is restored beside, read, and dropped.
  void try_set(Context& context, const Json& given, const Json& keyring, KeyringTrial& trial) const {
    BackupSet set = BackupSet::open(set_path(context, given));
    const Json server = check_postgres_server(server_of(keyring), context.instance());
    for (const StoredSource& source : set.manifest().sources) {
      if (source.type != "postgres" || get_or<Json>(source.spec, "server", nullptr) != server) continue;
      Work work = work_of(context);
      work.show_copies([&](PostgresSession& session) { read(context, session, keyring.at("stored"), trial); });
      sources_.at(source.type).rehearse(set.stored(source), work);
      return;
    }
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
                      nullptr}},
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
