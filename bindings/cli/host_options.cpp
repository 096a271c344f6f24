#include "bindings/cli/host_options.h"

#include <ctime>

#include "bindings/cli/terminal.h"

namespace playbook::cli {
void HostOptions::declare(OptionSet& options) {
  options.value("-C", instance, "DIR", "the instance (default: the playbook's folder when an instance is there, else the current one)");
  options.value("--state", state, "DIR", "folder of the journal and the runs (default: DIR/.playbook)");
  options.flag("--help,-h", help, "this text");
  options.group("");
  options.value("--library", library, "DIR", "folder that holds stdlib/ and playbooks/");
}

void OutputOptions::declare_json(OptionSet& options) { options.flag("--json", json, "JSON instead of text"); }

void OutputOptions::declare(OptionSet& options) {
  options.flag("--json", json, "one JSON event a line instead of text");
  options.value("--on-event", on_event, "COMMAND", "run by /bin/sh for each event, with its JSON on standard input");
}

void DecisionOptions::declare(OptionSet& options) {
  using Repeat = OptionSet::Repeat;
  options.flag("--yes", yes, "answer yes to every question that the playbook asks");
  options.flag("--hold", hold, "stop before the downtime; `playbook resume` goes on");
  options.value("--not-after", not_after, "TIME", "do not begin the downtime later than this: 04:00, 2026-11-21T04:00:00Z");
  options.values("--accept", accept, "LIST", "dangers that you accept, by name: breaking,one-way", Repeat::commas);
  options.values("--override", overrides, "GATE", "go on although this gate refuses; needs --reason", Repeat::many);
  options.values("--reason", reasons, "TEXT", "why the gate is overridden; written down", Repeat::many);
}

Decisions DecisionOptions::decisions(Utc now) const {
  Decisions decisions;
  decisions.yes = yes;
  decisions.hold = hold;
  decisions.accept = accept;
  if (!not_after.empty()) decisions.not_after = parse_not_after(not_after, now);
  if (reasons.size() > overrides.size()) throw usage_error("a --reason has no --override", "write --override GATE --reason TEXT");
  for (size_t i = 0; i < overrides.size(); ++i) {
    if (i >= reasons.size() || trim(reasons[i]).empty()) {
      throw usage_error("gate \"" + one_line(overrides[i]) + "\" is overridden without a reason",
                        "write --override GATE --reason TEXT for each gate");
    }
    decisions.overrides[overrides[i]] = reasons[i];
  }
  return decisions;
}

Utc parse_not_after(const std::string& text, Utc now) {
  int hour = 0, minute = 0, end = 0;
  const bool of_day = std::sscanf(text.c_str(), "%2d:%2d%n", &hour, &minute, &end) == 2 && static_cast<size_t>(end) == text.size();
  if (of_day && hour >= 0 && hour < 24 && minute >= 0 && minute < 60) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm local{};
    localtime_r(&seconds, &local);
    // The nearest one: what was twelve hours ago or less is over, and not meant for tomorrow.
    for (int days = -1; days <= 2; ++days) {  // two, because a clock change can leave a time of day out
      std::tm then = local;
      then.tm_mday += days;
      then.tm_hour = hour;
      then.tm_min = minute;
      then.tm_sec = 0;
      then.tm_isdst = -1;
      const Utc time = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::from_time_t(std::mktime(&then)));
      if (time > now - std::chrono::hours(12)) return time;
    }
  }
  try {
    if (!of_day) return parse_iso(text);
  } catch (const Error&) {
  }
  throw usage_error("option --not-after: \"" + one_line(text) + "\" is not a time; write 04:00 or 2026-11-21T04:00:00Z");
}

}  // namespace playbook::cli
