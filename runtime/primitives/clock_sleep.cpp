// clock.sleep: waits, on the monotonic clock, until the time is over or the run is cancelled.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {
namespace {

class ClockSleep : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    auto left = milliseconds(args);
    constexpr std::chrono::milliseconds kStep{3'600'000};
    for (; left > kStep; left -= kStep)
      if (!context.cancel().wait(kStep)) break;
    if (!context.cancel().wait(left)) throw Error(Code::cancelled, "cancelled while waiting");
    return nullptr;
  }

  Planned plan(Context&, const Json& args) override { return {"wait " + humane(milliseconds(args)), "", true, nullptr}; }

  // What it waits for is whatever was changed before it: a plan does not wait for what did not happen.
  std::vector<std::string> touches(Context&, const Json&) const override { return {"*"}; }

 private:
  static std::chrono::milliseconds milliseconds(const Json& args) {
    constexpr double kLongest = 1e12;  // some thirty years
    return std::chrono::milliseconds(static_cast<long long>(std::min(args.at("duration").get<double>() * 1000, kLongest)));
  }

  const Declaration declaration_{
      .name = "clock.sleep",
      .kind = Kind::read,
      .summary = "Waits. To wait for something, use http.wait or retry.",
      .parameters = {{.name = "duration", .type = Type::duration, .help = "seconds", .required = true}},
      .errors = {"cancelled"},
      .example = "clock.sleep(2.5)",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_clock_sleep() { return std::make_unique<ClockSleep>(); }

}  // namespace playbook
