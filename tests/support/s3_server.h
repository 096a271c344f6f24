// A real S3 server on loopback: npm's s3rver, which `./dev test` puts into the build folder.
#pragma once

#include <sys/types.h>

#include <string>

#include "runtime/base/file.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing {

/// With the empty bucket `app`; access key and secret are "S3RVER".
class S3Server {
 public:
  S3Server();
  ~S3Server();
  S3Server(const S3Server&) = delete;
  S3Server& operator=(const S3Server&) = delete;

  const std::string& endpoint() const { return endpoint_; }
  /// Runs rclone on it, where its buckets stand below `t:`; what it prints.
  std::string rclone(const std::string& words) const;
  /// Keys, sizes, digests and content types of the bucket's objects.
  std::string picture() const;

 private:
  TempFolder folder_;
  pid_t pid_ = 0, drain_ = 0;
  Descriptor out_;
  std::string endpoint_;
};

}  // namespace playbook::testing
