#include "runtime/backup/at_once.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace playbook {
namespace {

using namespace std::chrono_literals;

class Jobs {
 public:
  Jobs(Work& work, const std::function<void(size_t, Work&)>& job, const std::vector<size_t>& beside) : work_(work), job_(job) {
    for (size_t i : beside) waiting_.push_back({i, work.beside(stop_, work.scratch().string() + "-" + std::to_string(i))});
  }
  ~Jobs() {
    for (std::thread& thread : threads_) thread.join();
  }
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  void start_beside() try {
    size_t most = std::min<size_t>(waiting_.size(), std::max(1u, std::thread::hardware_concurrency()));
    while (threads_.size() < most) {
      std::lock_guard hold(mutex_);
      threads_.emplace_back([this] { work_off(); });
      ++running_;
    }
  } catch (...) {
    fail(std::current_exception());
  }

  void here(const std::function<void()>& body) {
    if (has_failed()) return;
    try {
      body();
    } catch (...) {
      fail(std::current_exception());
    }
  }

  void finish() {
    std::unique_lock hold(mutex_);
    while (running_ > 0) {
      ended_.wait_for(hold, 200ms);
      hold.unlock();
      here([&] { work_.advance(0); });  // tells how far all is, and hears of a cancellation
      hold.lock();
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work_off() {
    std::unique_lock hold(mutex_);
    while (!waiting_.empty() && !failure_) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      hold.unlock();
      try {
        job_(next.number, next.own);
      } catch (...) {
        fail(std::current_exception());
      }
      hold.lock();
    }
    --running_;
    ended_.notify_all();
  }

  bool has_failed() {
    std::lock_guard hold(mutex_);
    return failure_ != nullptr;
  }

  void fail(std::exception_ptr error) {
    {
      std::lock_guard hold(mutex_);
      if (!failure_) failure_ = std::move(error);
    }
    stop_.request();
    work_.abandon();
  }

  struct Waiting {
    size_t number;
    Work own;
  };

  Work& work_;
  const std::function<void(size_t, Work&)>& job_;
  CancelToken stop_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::deque<Waiting> waiting_;
  std::vector<std::thread> threads_;
  size_t running_ = 0;
  std::exception_ptr failure_;  // the first
};

}  // namespace

void at_once(Work& work, size_t count, const std::function<bool(size_t)>& may_run_beside, const std::function<void(size_t, Work&)>& job) {
  std::vector<size_t> beside, mine;
  for (size_t i = 0; i < count; ++i)
    if (may_run_beside(i))
      beside.push_back(i);
    else
      mine.push_back(i);
  if (mine.empty() && beside.size() == 1) return job(0, work);
  Jobs jobs(work, job, beside);
  jobs.start_beside();
  for (size_t i : mine) jobs.here([&] { job(i, work); });
  jobs.finish();
}

}  // namespace playbook
