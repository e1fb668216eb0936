// Package kafkatest starts a real Apache Kafka for tests: one node, KRaft, on loopback.
//
// The broker's jars lie in the folder that FEDWARDEN_KAFKA_LIBS names; .ci/kafka-libs puts them there. Without
// them, or without java, a test is skipped; with FEDWARDEN_REQUIRE_SERVERS=1 it fails.
package kafkatest
