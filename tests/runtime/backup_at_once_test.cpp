// Jobs on several threads with one end, one count of bytes and one error.
#include "runtime/backup/at_once.h"

#include <future>
#include <thread>

#include "runtime/base/error.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
using namespace std::chrono_literals;

namespace {

constexpr size_t kHere = 0;  // all other jobs of these tests may run beside

bool is_beside(size_t job) { return job != kHere; }

void advance_until_ended(Work& own) {
  for (;;) own.advance(1), std::this_thread::yield();
}

}  // namespace

TEST_CASE("jobs beside run while the caller does its own, which stays on its thread") {
  TempFolder folder;
  Work work(folder.path() / "scratch");
  std::promise<void> here, beside;
  std::thread::id where;
  bool met = false;
  at_once(work, 2, is_beside, [&](size_t job, Work& own) {
    if (job == kHere) {
      where = std::this_thread::get_id();
      here.set_value();
      met = beside.get_future().wait_for(1min) == std::future_status::ready;
    } else {
      CHECK(own.scratch() != work.scratch());
      beside.set_value();
      if (here.get_future().wait_for(1min) != std::future_status::ready) throw std::runtime_error("the caller's job did not begin");
    }
  });
  CHECK(met);
  CHECK(where == std::this_thread::get_id());
}

TEST_CASE("the first job that fails ends the others, and its error is the one that is told") {
  TempFolder folder;
  for (size_t failing : {kHere, size_t{1}}) {
    Work work(folder.path() / "scratch");
    Error error = error_of([&] {
      at_once(work, 3, is_beside, [&](size_t job, Work& own) {
        if (job == failing) throw Error(Code::disk_full, "there is no room");
        advance_until_ended(own);
      });
    });
    CHECK(error.code() == Code::disk_full);
    CHECK(error.message() == "there is no room");
  }
}

TEST_CASE("a cancellation ends jobs that run beside") {
  TempFolder folder;
  CancelToken cancel;
  Work work(folder.path() / "scratch", &cancel);
  Error error = error_of([&] {
    at_once(work, 2, is_beside, [&](size_t job, Work& own) {
      if (job == kHere) return;
      cancel.request();
      if (own.cancel()->wait(1min)) throw Error(Code::timeout, "nobody ended this job");
      own.advance(0);
    });
  });
  CHECK(error.code() == Code::cancelled);
}

TEST_CASE("bytes of all jobs are counted as one, and told on the caller's thread alone") {
  TempFolder folder;
  std::uint64_t last = 0;
  bool strange = false;
  const std::thread::id caller = std::this_thread::get_id();
  Work work(folder.path() / "scratch", nullptr, nullptr, [&](std::uint64_t done, std::optional<std::uint64_t> total) {
    strange = strange || done < last || total != 3000 || std::this_thread::get_id() != caller;
    last = done;
  });
  work.expect(3000);
  at_once(work, 3, is_beside, [&](size_t, Work& own) {
    for (int i = 0; i < 1000; ++i) own.advance(1);
  });
  for (auto end = std::chrono::steady_clock::now() + 1min; last < 3000 && std::chrono::steady_clock::now() < end;) work.advance(0);
  CHECK(last == 3000);
  CHECK_FALSE(strange);
}
