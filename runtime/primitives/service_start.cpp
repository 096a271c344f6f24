// service.start: starts a service and waits until it runs. It may be a new release that migrates its database as it starts: it can lose
// data.
#include "runtime/primitives/duration.h"
#include "runtime/primitives/service.h"

namespace playbook {
namespace {

class ServiceStart : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override { return {{"was", to_string(open_service(context, args)->state())}}; }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    ensure_running(context, *open_service(context, args), duration_of(args, "deadline"));
    return result(prepared);
  }

  Planned plan(Context& context, const Json& args) override {
    auto service = open_service(context, args);
    Service::State was = foreseen_state(context, *service);
    foresee(context, *service, Service::State::running);
    std::string text = was == Service::State::running ? "leave " + service->name() + " running" : "start " + service->name();
    return {.text = text, .diff = "", .predicted = true, .result = result({{"was", to_string(was)}})};
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override {
    if (record.prepared.at("was") == "stopped")
      ensure_stopped(context, *open_service(context, record.args), duration_of(record.args, "deadline"));
  }

  Probe probe(Context& context, const Record& record) override {
    if (open_service(context, record.args)->state() == Service::State::running)
      return {Probe::State::done, result(record.prepared), "", false};
    return {Probe::State::not_done, nullptr, "", false};
  }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    auto service = open_service(context, record.args);
    if (service->state() != Service::State::stopped) return std::nullopt;
    return "service " + service->name() + " is stopped although the run had started it";
  }

  std::vector<std::string> touches(Context&, const Json& args) const override { return {service_thing(args)}; }
  bool may_lose_data(const Json&) const override { return true; }

 private:
  static Json result(const Json& prepared) { return {{"was", prepared.at("was")}, {"now", "running"}}; }

  const Declaration declaration_{
      .name = "service.start",
      .kind = Kind::change,
      .summary = "Starts a service and waits until it runs; a new release may migrate its data as it starts.",
      .parameters = {service_parameter(), service_deadline_parameter()},
      .returns = "{was: string, now: string}",
      .returns_help = "states as service.status gives them",
      .errors = {"argument.invalid", "service.failed", "process.missing", "timeout", "cancelled"},
      .example = "service.start({systemd=\"shop.service\"}).now --> \"running\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_service_start() { return std::make_unique<ServiceStart>(); }

}  // namespace playbook
