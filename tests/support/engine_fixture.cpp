#include "tests/support/engine_fixture.h"

namespace playbook::testing {
namespace {

constexpr const char* kRun = "20261121T000000Z-test";

class WorldPrimitive : public Primitive {
 public:
  WorldPrimitive(World& world, Declaration declaration) : world_(world), declaration_(std::move(declaration)) {}
  const Declaration& declaration() const override { return declaration_; }

 protected:
  World& world_;

 private:
  Declaration declaration_;
};

Declaration declare(const std::string& name, Kind kind, std::vector<Parameter> parameters) {
  Declaration d;
  d.name = name;
  d.kind = kind;
  d.summary = "Part of the world of the engine's tests.";
  d.parameters = std::move(parameters);
  d.returns = kind == Kind::change ? "string" : "string|nil";
  d.returns_help = "the value";
  d.example = name + "(\"a\")";
  return d;
}

class Put final : public WorldPrimitive {
 public:
  explicit Put(World& world)
      : WorldPrimitive(world, declare("world.put", Kind::change,
                                      {{"name", Type::string, "which", true, nullptr}, {"value", Type::string, "what", true, nullptr}})) {}
  Json prepare(Context&, const Json& args) override {
    auto found = world_.values.find(args["name"]);
    return found == world_.values.end() ? Json() : Json(found->second);
  }
  Json run(Context& context, const Json& args, const Json&) override {
    if (args["value"] == world_.fails) throw Error(Code::process_failed, "world.put fails");
    ++world_.puts;
    world_.values[args["name"]] = args["value"];
    context.reach("world.put");
    if (args["value"] == world_.loses) throw Error(Code::process_lost, "nobody knows what became of it", "find out who killed it");
    return args["value"];
  }
  Planned plan(Context&, const Json& args) override { return {"put " + args["name"].get<std::string>(), "", true, args["value"]}; }
  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context&, const Record& record) override {
    if (record.args["value"] == world_.undo_fails) throw Error(Code::process_failed, "the inverse fails");
    if (record.prepared.is_null())
      world_.values.erase(record.args["name"]);
    else
      world_.values[record.args["name"]] = record.prepared;
  }
  Probe probe(Context&, const Record& record) override {
    if (world_.unknown) return {Probe::State::unknown, nullptr, "the world does not say", false};
    auto found = world_.values.find(record.args["name"]);
    bool done = found != world_.values.end() && Json(found->second) == record.args["value"];
    return {done ? Probe::State::done : Probe::State::not_done, record.args["value"], "", false};
  }
  std::optional<std::string> drift(Context&, const Record& record) override {
    if (world_.blind) throw Error(Code::sqlite_locked, "the world is locked", "wait until it is free");
    auto found = world_.values.find(record.args["name"]);
    if (found != world_.values.end() && Json(found->second) == record.args["value"]) return std::nullopt;
    return record.args["name"].get<std::string>() + " is not " + record.args["value"].get<std::string>();
  }
  std::vector<std::string> touches(Context&, const Json& args) const override { return {"file:/" + args["name"].get<std::string>()}; }
  bool repeatable() const override { return false; }
};

class Get final : public WorldPrimitive {
 public:
  explicit Get(World& world) : WorldPrimitive(world, declare("world.get", Kind::read, {{"name", Type::string, "which", true, nullptr}})) {}
  Json run(Context&, const Json& args, const Json&) override {
    auto found = world_.values.find(args["name"]);
    return found == world_.values.end() ? Json() : Json(found->second);
  }
  std::vector<std::string> touches(Context&, const Json& args) const override { return {"file:/" + args["name"].get<std::string>()}; }
};

class Wipe final : public WorldPrimitive {
 public:
  explicit Wipe(World& world) : WorldPrimitive(world, declare("world.wipe", Kind::change, {})) {}
  Json run(Context& context, const Json&, const Json&) override {
    if (!world_.wipe_rewrites.empty()) world_.values[world_.wipe_rewrites] = "rewritten";
    context.reach("world.wipe");
    world_.wiped = true;
    return nullptr;
  }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
  bool may_lose_data(const Json&) const override { return true; }
};

class Backup final : public WorldPrimitive {
 public:
  explicit Backup(World& world) : WorldPrimitive(world, declare("backup.create", Kind::change, {})) {}
  Json run(Context&, const Json&, const Json&) override {
    return {{"type", "backup.set"}, {"path", "/set/" + std::to_string(++world_.backups)}, {"verified", true}, {"of", world_.values}};
  }
  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  bool repeatable() const override { return true; }
  std::optional<std::string> drift(Context&, const Record& record) override {
    if (record.result.value("of", Json()) == Json(world_.values)) return std::nullopt;
    return "data changed since the backup";
  }
};

class Restore final : public WorldPrimitive {
 public:
  explicit Restore(World& world) : WorldPrimitive(world, declare("world.restore", Kind::change, {})) {}
  Json run(Context& context, const Json&, const Json&) override {
    world_.wiped = false;
    context.reach("world.restore");
    return nullptr;
  }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
};

}  // namespace

EngineFixture::EngineFixture() = default;
EngineFixture::~EngineFixture() = default;

RunResult EngineFixture::begin() { return act(Act::begin); }
RunResult EngineFixture::resume() { return act(Act::resume); }
RunResult EngineFixture::rollback() { return act(Act::rollback); }

RunRow EngineFixture::run() {
  return open_journal(folder.path(), {.read_only = true, .needs_ballast = false, .faults = nullptr, .clock = nullptr})->run(kRun).value();
}

std::vector<ActionRow> EngineFixture::actions() {
  return open_journal(folder.path(), {.read_only = true, .needs_ballast = false, .faults = nullptr, .clock = nullptr})->all_actions(kRun);
}

RunResult EngineFixture::act(Act act) {
  died_ = false;
  Registry registry;
  auto add = [&](std::unique_ptr<Primitive> primitive) {
    if (primitive->declaration().name != forgotten_) registry.add(std::move(primitive));
  };
  add(std::make_unique<Put>(world));
  add(std::make_unique<Get>(world));
  add(std::make_unique<Wipe>(world));
  add(std::make_unique<Backup>(world));
  add(std::make_unique<Restore>(world));
  DieAt faults(dies_at);
  Faults* handed = dies_at.empty() ? nullptr : &faults;
  Clock clock;
  Redactor redactor;
  SecretStore secrets(redactor);
  RunEnvironment environment{.instance = folder.path(),
                             .run_folder = folder.path() / "run",
                             .state_folder = folder.path(),
                             .where = "-C " + folder.path().string(),
                             .run_id = kRun,
                             .actor = "tester",
                             .secrets = &secrets,
                             .redactor = &redactor,
                             .children = nullptr,
                             .clock = &clock,
                             .cancel = &control.cancel_token(),
                             .faults = handed};
  std::unique_ptr<Journal> journal =
      open_journal(folder.path(), {.read_only = false, .needs_ballast = true, .faults = handed, .clock = nullptr});
  EventStream events(listener, redactor, clock);
  Actions actions(registry, *journal, environment, events, control);
  try {
    if (act == Act::begin) {
      RunRow row;
      row.id = kRun, row.playbook = "fake", row.instance = folder.path().string(), row.params = Json::object();
      row.started = row.changed = to_iso(clock.utc());
      journal->create_run(row, {});
    }
    Session session(actions, scripts, journal->run(kRun).value(), decisions);
    return act == Act::begin ? session.begin() : act == Act::resume ? session.resume() : session.rollback();
  } catch (const DieAt::Died&) {
    died_ = true;
    return {};
  }
}

}  // namespace playbook::testing
