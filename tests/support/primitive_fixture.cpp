#include "tests/support/primitive_fixture.h"

#include "runtime/base/secret_sources.h"
#include "runtime/pin/appsettings.h"
#include "runtime/pin/docker_env.h"
#include "runtime/pin/dotenv.h"
#include "runtime/pin/yaml.h"
#include "runtime/primitives/all.h"

namespace playbook::testing {

PrimitiveFixture::PrimitiveFixture() {
  register_all(registry);
  add_appsettings_source(secrets);
  add_docker_env_source(secrets);
  add_dotenv_source(secrets);
  add_yaml_source(secrets);
  add_more_sources(secrets);
  environment.instance = instance;
  environment.run_folder = run_folder.path();
  environment.state_folder = state_folder.path();
  environment.run_id = "20261121T071349Z-4f2a";
  environment.actor = "tester";
  environment.secrets = &secrets;
  environment.redactor = &redactor;
  environment.clock = &clock;
  environment.cancel = &cancel;
}

Context PrimitiveFixture::context() {
  return {environment, environment.run_id + "/" + std::to_string(actions_), nullptr,
          [this](LogLevel level, const std::string& line) { logged.emplace_back(level, line); }};
}

const Record& PrimitiveFixture::begin(const std::string& name, const Json& args) {
  Primitive& primitive = registry.at(name);
  ++actions_;
  record = {};
  record.path = name + "#" + std::to_string(actions_);
  record.name = name;
  record.version = primitive.declaration().version;
  record.args = checked_arguments(primitive.declaration(), args);
  Context lent = context();
  record.prepared = primitive.prepare(lent, record.args);
  return record;
}

Json PrimitiveFixture::call(const std::string& name, const Json& args) {
  begin(name, args);
  Context lent = context();
  record.result = registry.at(name).run(lent, record.args, record.prepared);
  record.finished = true;
  return record.result;
}

void PrimitiveFixture::undo() {
  Context lent = context();
  registry.at(record.name).undo(lent, record);
}

Probe PrimitiveFixture::probe() {
  Context lent = context();
  return registry.at(record.name).probe(lent, record);
}

std::optional<std::string> PrimitiveFixture::drift() {
  Context lent = context();
  return registry.at(record.name).drift(lent, record);
}

Planned PrimitiveFixture::plan(const std::string& name, const Json& args) {
  Context lent = context();
  Primitive& primitive = registry.at(name);
  return primitive.plan(lent, checked_arguments(primitive.declaration(), args));
}

}  // namespace playbook::testing
