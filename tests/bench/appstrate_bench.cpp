// How long an Appstrate is down while it goes from one release to the next, from the first request that is refused
// to the first good one, as a prober sees it: by appstrate/upgrade, by a bare `docker compose up -d`, and by the sequence of the vendor's
// page (pg_dump, a line in .env, pull, up -d), all in one run on the test bed, with the images here already. Medians. The dump alone is
// what an upgrade cannot do without while the application stands still.
//   playbook_bench_appstrate [ROUNDS]      3 when not given
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <thread>

#include "runtime/base/file.h"
#include "runtime/http/http.h"
#include "tests/playbooks/appstrate/deployment.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

const char* const kNew = "1.0.0-beta.51";

double now_ms() { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Asks every few milliseconds, on a thread of its own.
class Prober {
 public:
  explicit Prober(const Deployment& app) : app_(app), thread_([this] { ask(); }) {}
  /// Milliseconds from the first refused request to the first good one of the new release.
  double down() {
    while (good_ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop();
    return good_ - refused_;
  }
  ~Prober() { stop(); }
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

 private:
  void ask() {
    const std::string release = std::string("\"v") + kNew + "\"";
    while (!stop_) {
      const double asked = now_ms();
      const std::string answer = app_.get("/health");
      const bool is_good = answer.starts_with("200 ");
      if (!is_good && refused_ == 0) refused_ = asked;
      if (is_good && refused_ != 0 && answer.find(release) != std::string::npos) {
        good_ = now_ms();
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  const Deployment& app_;
  std::atomic<bool> stop_{false};
  std::atomic<double> refused_{0}, good_{0};
  std::thread thread_;
};

struct Cost {
  double down = 0, whole = 0;
};

double median(std::vector<double> of) {
  std::sort(of.begin(), of.end());
  return of[of.size() / 2];
}

double dump_alone(int rounds) {
  const Deployment app;
  std::vector<double> took;
  for (int round = 0; round < rounds; ++round) {
    const double begun = now_ms();
    app.compose("exec -T postgres pg_dump -U appstrate -Fc appstrate > backup.dump");
    took.push_back(now_ms() - begun);
  }
  return median(took);
}

Cost measure(int rounds, const std::function<void(const Deployment&)>& upgrade) {
  std::vector<double> down, whole;
  for (int round = 0; round < rounds; ++round) {
    const Deployment app;
    Prober prober(app);
    const double begun = now_ms();
    upgrade(app);
    whole.push_back(now_ms() - begun);
    down.push_back(prober.down());
  }
  return {median(down), median(whole)};
}

void pin(const Deployment& app) { app.edit(".env", "APPSTRATE_VERSION=1.0.0-beta.41", std::string("APPSTRATE_VERSION=") + kNew); }

void bare(const Deployment& app) {
  pin(app);
  app.compose("up -d --quiet-pull");
}

void as_the_page_says(const Deployment& app) {
  app.compose("exec -T postgres pg_dump -U appstrate -Fc appstrate > backup.dump");
  replace_file(app.folder() / ".env", app.env() + "APPSTRATE_VERSION=" + kNew + "\n");
  app.compose("pull --quiet");
  app.compose("up -d --quiet-pull");
}

void by_playbook(const Deployment& app) {
  const Finished done = app.playbook({"run", "appstrate/upgrade", "--to", kNew, "--yes"});
  if (done.status != 0) throw std::runtime_error(done.out + done.err);
}

}  // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 3;
  push_release(kNew, kNew);
  const Cost least = measure(rounds, bare), page = measure(rounds, as_the_page_says), ours = measure(rounds, by_playbook);
  std::printf("%-44s %10s %8s %10s\n", "from 1.0.0-beta.41 to 1.0.0-beta.51", "down", "ratio", "whole");
  for (const auto& [name, cost] : {std::pair{"docker compose up -d", least}, {"the vendor's page", page}, {"appstrate/upgrade", ours}})
    std::printf("%-44s %7.0f ms %8.2f %7.0f ms\n", name, cost.down, cost.down / least.down, cost.whole);
  const double dump = dump_alone(rounds), goal = 1.1 * least.down + dump;
  std::printf("%-44s %7.0f ms\n%-44s %7.0f ms %8.2f\n", "pg_dump of the page, alone", dump, "goal: 1.1 times the first, and the dump", goal,
              ours.down / goal);
}
