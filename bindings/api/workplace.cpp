#include "bindings/api/workplace.h"

#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "runtime/base/file.h"
#include "runtime/base/secret_sources.h"
#include "runtime/base/text.h"
#include "runtime/pin/appsettings.h"
#include "runtime/pin/docker_env.h"
#include "runtime/pin/dotenv.h"
#include "runtime/pin/yaml.h"

namespace playbook {
namespace {

constexpr std::chrono::seconds kGuardianPatience{30};

std::filesystem::path scratch_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "playbook-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw system_error(errno, name);
  return name;
}

}  // namespace

std::string actor() {
  passwd* entry = ::getpwuid(::geteuid());
  std::string text = entry ? entry->pw_name : std::to_string(::geteuid());
  if (const char* sudo = std::getenv("SUDO_USER")) text += std::string(" (sudo by ") + sudo + ")";
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  return text + " on " + host;
}

Workplace::Workplace(const RuntimeOptions& options, const Registry& registry, Control& control, const std::filesystem::path& instance,
                     Purpose purpose, Observer& observer)
    : options_(options),
      registry_(registry),
      control_(control),
      clock_(options.clock ? options.clock : std::make_shared<Clock>()),
      folder_(instance, options.state),
      secrets_(redactor_),
      events_(observer, redactor_, *clock_) {
  bool writes = purpose != Purpose::look;
  if (writes) {
    folder_.make();
    lock_ = std::make_unique<RunLock>(folder_, kGuardianPatience);
  } else {
    scratch_ = scratch_folder();
  }
  journal_ =
      open_journal(writes ? folder_.path() : ":memory:",
                   {.read_only = false, .needs_ballast = purpose == Purpose::forward, .faults = options.faults, .clock = clock_.get()});
  children_ = make_children({.program = options.guardian, .lock_fd = lock_ ? lock_->fd() : -1});
  add_appsettings_source(secrets_);
  add_docker_env_source(secrets_);
  add_dotenv_source(secrets_);
  add_yaml_source(secrets_);
  add_more_sources(secrets_);
  environment_ = {
      .instance = instance,
      .run_folder = scratch_,
      .state_folder = folder_.path(),
      .where = "-C " + shell_quoted(instance.string()) + (options.state.empty() ? "" : " --state " + shell_quoted(options.state.string())),
      .run_id = "",
      .actor = actor(),
      .secrets = &secrets_,
      .redactor = &redactor_,
      .children = children_.get(),
      .clock = clock_.get(),
      .cancel = &control.cancel_token(),
      .faults = options.faults,
      .findings = &findings_};
  actions_ = std::make_unique<Actions>(registry, *journal_, environment_, events_, control);
}

Workplace::~Workplace() {
  children_.reset();  // before the lock is let go
  std::error_code ignored;
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

void Workplace::enter_run(const std::string& run) {
  environment_.run_id = run;
  environment_.run_folder = folder_.run_folder(run);
  make_folder(environment_.run_folder, 0700);
  events_.begin(run, environment_.run_folder / "events.jsonl");
}

ProgramOptions Workplace::program_options(Sources& sources) const {
  return {.primitives = &registry_, .sources = &sources, .cancel = &control_.interrupt_token(), .memory_cap = options_.script_memory};
}

}  // namespace playbook
