// How long an application refused requests, as a prober sees it.
#include "runtime/engine/prober.h"

#include <atomic>

#include "tests/support/catch.h"
#include "tests/support/http_server.h"

using namespace playbook;
using namespace playbook::testing;
using Instant = std::chrono::steady_clock::time_point;

TEST_CASE("a prober measures from the first refused request to the first good one behind the last refused one", "[prober]") {
  const std::string script = "gg.g!!g";  // good, closed, failing; then good for ever
  std::atomic<size_t> asked{0};
  Instant first_refused, good_again;
  HttpServer server([&](const std::string&) {
    const size_t number = asked++;
    const char answer = number < script.size() ? script[number] : 'g';
    if (number == script.find('.')) first_refused = std::chrono::steady_clock::now();
    if (number == script.size() - 1) good_again = std::chrono::steady_clock::now();
    return answer == '.' ? "" : http_answer(answer == '!' ? 503 : 404, "not found is an answer");
  });
  const Instant begun = std::chrono::steady_clock::now();
  Prober prober(server.url());
  while (asked < script.size() + 1) std::this_thread::yield();
  const auto refused = prober.refused_ms();
  REQUIRE(refused);
  auto ms = [](auto duration) { return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count(); };
  CHECK(*refused >= ms(good_again - first_refused));
  CHECK(*refused <= ms(std::chrono::steady_clock::now() - begun));
}

TEST_CASE("a prober tells nothing of an application that refused nothing", "[prober]") {
  std::atomic<int> asked{0};
  HttpServer server([&](const std::string&) { return ++asked, http_answer(200, "well"); });
  Prober prober(server.url());
  while (asked < 2) std::this_thread::yield();
  CHECK_FALSE(prober.refused_ms());
}
