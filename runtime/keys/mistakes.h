// What people do to keys on their way from one file to another, taken back: for a diagnosis, never to go on with.
#pragma once

#include <string>
#include <vector>

#include "runtime/keys/scheme.h"

namespace playbook {

/// Keys that may have been meant, and how they differ from those that are given: `the key without its quotes`.
struct SuspectedKeys {
  std::string what;
  KeyTexts texts;
};

/// Every way in which one required key, or two in each other's place, may have been mistaken.
std::vector<SuspectedKeys> mended_keys(const Scheme& scheme, const KeyTexts& texts);

}  // namespace playbook
