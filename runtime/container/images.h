// Images: fetched, looked up in their registry, looked into. Why one cannot be had is told in few words that never change, because people
// act on them. Used by one thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/container/docker.h"

namespace playbook {

/// `no such tag`, `unauthorized` (or no such repository: registries do not say which), `registry unreachable`, `disk full`,
/// `too many requests`, or `other`, from what docker said.
std::string image_failure(std::string_view said);

/// Throws image.failed with details {image, reason}.
void pull_image(const Docker& docker, const std::string& reference, std::chrono::milliseconds deadline);

struct Resolved {
  std::string digest;      ///< `sha256:...` of what this machine's platform gets; "" where it is missing
  std::string missing;     ///< why, in the words of `image_failure`
  std::string id{};        ///< of the image as an engine names it; "" where the registry does not say
  std::uint64_t size = 0;  ///< of its layers as the registry keeps them, compressed; 0 where it does not say
};
/// Asks the registry, with docker's own logins.
Resolved resolve_image(const Docker& docker, const std::string& reference);

struct Tags {
  std::vector<std::string> names;  ///< as the registry gives them, in no order
  std::string missing;             ///< why there are none, in the words of `image_failure`; or that skopeo is not installed
};
/// The tags of an image's repository, which docker itself cannot ask for: by skopeo, with docker's logins.
Tags list_tags(const Docker& docker, const std::string& reference);

/// What names the image `id` for good.
struct Pin {
  std::string reference;  ///< `acme/app:1.2.0`, or `acme/app@sha256:...`; "" where nothing does
  std::string why;        ///< how that is known, or why there is none
};
/// A tag that its registry gives for the very same image, of those that the engine and its labels know; else its digest there.
Pin find_pin(const Docker& docker, const std::string& written, const std::string& id);

/// A file inside an image that is present, without starting anything: through a container that is made, read and removed. Throws
/// file.missing, container.failed.
std::string read_from_image(const Docker& docker, const std::string& reference, const std::string& path,
                            const std::filesystem::path& scratch);

}  // namespace playbook
