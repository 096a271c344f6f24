#include "runtime/base/clock.h"

#include <cstdio>

#include "runtime/base/error.h"

namespace playbook {
namespace {

struct Civil {
  int year;
  unsigned month, day;
  long hours, minutes, seconds, milliseconds;
};

Civil civil(Utc time) {
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss clock{time - day};
  return {int(date.year()),        unsigned(date.month()),  unsigned(date.day()),      clock.hours().count(),
          clock.minutes().count(), clock.seconds().count(), clock.subseconds().count()};
}

template <typename... Values>
std::string format(const char* pattern, Values... values) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

}  // namespace

std::string to_iso(Utc time) {
  Civil c = civil(time);
  return format("%04d-%02u-%02uT%02ld:%02ld:%02ld.%03ldZ", c.year, c.month, c.day, c.hours, c.minutes, c.seconds, c.milliseconds);
}

std::string to_stamp(Utc time) {
  Civil c = civil(time);
  return format("%04d%02u%02uT%02ld%02ld%02ldZ", c.year, c.month, c.day, c.hours, c.minutes, c.seconds);
}

Utc parse_iso(std::string_view text) {
  int year = 0, milliseconds = 0, used = 0;
  unsigned month = 0, day = 0, hours = 0, minutes = 0, seconds = 0;
  std::string copy(text);
  bool whole = std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ%n", &year, &month, &day, &hours, &minutes, &seconds, &used) == 6 &&
               used == int(copy.size());
  if (!whole)
    whole = std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u.%3dZ%n", &year, &month, &day, &hours, &minutes, &seconds, &milliseconds,
                        &used) == 7 &&
            used == int(copy.size());
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!whole || !date.ok() || hours > 23 || minutes > 59 || seconds > 60)
    throw Error(Code::argument_invalid, "\"" + copy + "\" is not a time; expected UTC such as 2026-11-21T04:00:00Z");
  return std::chrono::sys_days{date} + std::chrono::hours(hours) + std::chrono::minutes(minutes) + std::chrono::seconds(seconds) +
         std::chrono::milliseconds(milliseconds);
}

std::string humane(std::chrono::milliseconds duration) {
  long long ms = duration.count();
  if (ms < 1000) return format("%lldms", ms);
  if (ms < 60'000) return format("%lld.%llds", ms / 1000, ms % 1000 / 100);
  if (ms < 3'600'000) return format("%lldm%02llds", ms / 60'000, ms / 1000 % 60);
  return format("%lldh%02lldm", ms / 3'600'000, ms / 60'000 % 60);
}

}  // namespace playbook
