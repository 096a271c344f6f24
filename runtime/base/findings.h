// What was found out about this machine once and holds for the life of this process, such as which Compose there is, so that not every
// action asks anew. A process that resumes a run finds out for itself. Thread-safe.
#pragma once

#include <any>
#include <map>
#include <mutex>
#include <typeindex>

namespace playbook {

class Findings {
 public:
  /// What `find` gave the first time for this type; others wait for it. What it throws goes on and is not kept.
  template <typename Find>
  auto get(Find&& find) {
    using Found = decltype(find());
    std::lock_guard hold(mutex_);
    std::any& kept = kept_[typeid(Found)];
    if (!kept.has_value()) kept = find();
    return std::any_cast<Found>(kept);
  }

 private:
  std::mutex mutex_;
  std::map<std::type_index, std::any> kept_;
};

}  // namespace playbook
