// What a stand-in Appstrate keeps beside its database on a real Docker engine: files, objects and jobs, as tier 3 has them.
#pragma once

#include <cstdlib>
#include <string>

#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/redis_image.h"

namespace playbook::testing {

/// Files, objects and jobs beside the database, as tier 3 has them; "MinIO" is a container that keeps a file.
class Stores {
 public:
  explicit Stores(const Deployment& app) : app_(app) {
    const std::string registry = std::getenv("PLAYBOOK_TEST_REGISTRY"), shell = registry + "/shell:1", redis = redis_image();
    output_of("docker tag " + shell + " " + registry + "/minio/minio:1");
    app.edit("docker-compose.yml", "volumes: {pgdata: {}, storagedata: {}}",
             "  redis:\n    image: " + redis + "\n    restart: unless-stopped\n    volumes: [\"redisdata:/data\"]\n  minio:\n    image: " +
                 registry + "/minio/minio:1\n    command: [sh, -c, \"trap 'exit 0' TERM; while :; do sleep 0.1; done\"]\n" +
                 "    restart: unless-stopped\n    volumes: [\"miniodata:/data\"]\n" +
                 "volumes: {pgdata: {}, storagedata: {}, redisdata: {}, miniodata: {}}");
    app.compose("up -d");
    put("then");
  }
  void put(const std::string& what) const {
    for (const char* volume : {"storagedata", "miniodata"}) run(volume, "echo " + what + " > /data/it");
    app_.compose("exec -T redis redis-cli set it " + what);
  }
  std::string held() const {
    return run("storagedata", "cat /data/it") + " " + run("miniodata", "cat /data/it") + " " +
           app_.compose("exec -T redis redis-cli get it");
  }

 private:
  std::string run(const std::string& volume, const std::string& command) const {
    return output_of("docker run --rm -v " + app_.project() + "_" + volume + ":/data " + std::getenv("PLAYBOOK_TEST_REGISTRY") +
                     "/shell:1 sh -c '" + command + "'");
  }
  const Deployment& app_;
};

}  // namespace playbook::testing
