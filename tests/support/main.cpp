// The main of every test program. `./dev test FILTER` hands its filter to all of them through PLAYBOOK_TEST_FILTER; no match is no failure.
#include <cstdlib>

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

int main(int argc, char** argv) {
  Catch::Session session;
  const int wrong_usage = session.applyCommandLine(argc, argv);
  if (wrong_usage != 0) return wrong_usage;
  const char* filter = std::getenv("PLAYBOOK_TEST_FILTER");
  auto& config = session.configData();
  if (filter != nullptr && *filter != '\0' && config.testsOrTags.empty()) {
    config.testsOrTags.emplace_back(filter);
#if __has_include(<catch2/catch_session.hpp>)
    config.allowZeroTests = true;
#endif
  }
  return session.run();
}
