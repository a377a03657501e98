// SPDX-License-Identifier: Apache-2.0
//
// GoogleTest's macros for targets without heap, exceptions and files:
//
//   TEST(Suite, Name) {
//     EXPECT_EQ(1, one);
//   }
//
//   TF_LITE_MICRO_TESTS_MAIN
//
// EXPECT_ notes a failure and goes on, ASSERT_ returns from the function. The
// line ~~~ALL TESTS PASSED~~~ is printed only if it is true.
#ifndef TENSORFLOW_LITE_MICRO_TESTING_MICRO_TEST_V2_H_
#define TENSORFLOW_LITE_MICRO_TESTING_MICRO_TEST_V2_H_

#include <cstdarg>
#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/system_setup.h"

namespace micro_test {

enum class Severity { kNonfatal, kFatal };

inline void Print(const char* format, ...) {
  va_list args;
  va_start(args, format);
  DebugLog(format, args);
  va_end(args);
}

inline void PrintValue(bool v) { Print("%s", v ? "true" : "false"); }
inline void PrintValue(char v) { Print("%c", v); }
inline void PrintValue(const char* v) { Print("%s", v ? v : "(null)"); }
inline void PrintValue(std::nullptr_t) { Print("(null)"); }
inline void PrintValue(const void* v) { Print("%p", v); }

// Numbers and enumerators; "?" for anything else.
template <typename T>
void PrintValue(const T& v) {
  if constexpr (std::is_floating_point<T>::value) {
    Print("%f", static_cast<double>(v));
  } else if constexpr (std::is_enum<T>::value) {
    Print("%ld", static_cast<long>(v));
  } else if constexpr (std::is_integral<T>::value) {
    if constexpr (sizeof(T) > sizeof(long)) {
      Print(std::is_signed<T>::value ? "%lld" : "%llu", v);
    } else if constexpr (std::is_signed<T>::value) {
      Print("%ld", static_cast<long>(v));
    } else {
      Print("%lu", static_cast<unsigned long>(v));
    }
  } else {
    Print("?");
  }
}

// A test links itself into the list before main starts.
class TestCase {
 public:
  TestCase(const char* suite, const char* name, void (*body)())
      : suite_(suite), name_(name), body_(body) {
    *last() = this;
    last() = &next_;
  }

  // Runs them all, in the order of their definition.
  static TfLiteStatus RunAll();

  static void Fail(Severity severity) {
    (severity == Severity::kFatal ? fatal() : nonfatal()) = true;
  }
  // Of the test that is running.
  static bool& fatal() {
    static bool failed = false;
    return failed;
  }
  static bool& nonfatal() {
    static bool failed = false;
    return failed;
  }

 private:
  static TestCase*& first() {
    static TestCase* test = nullptr;
    return test;
  }
  static TestCase**& last() {
    static TestCase** link = &first();
    return link;
  }

  const char* suite_;
  const char* name_;
  void (*body_)();
  bool failed_ = false;
  TestCase* next_ = nullptr;
};

inline TfLiteStatus TestCase::RunAll() {
  int passed = 0;
  int failed = 0;
  Print("[==========] Running tests.\n");
  for (TestCase* test = first(); test != nullptr; test = test->next_) {
    Print("[ RUN      ] %s.%s\n", test->suite_, test->name_);
    fatal() = false;
    nonfatal() = false;
    test->body_();
    test->failed_ = fatal() || nonfatal();
    ++(test->failed_ ? failed : passed);
    Print(test->failed_ ? "[  FAILED  ] %s.%s\n" : "[       OK ] %s.%s\n",
          test->suite_, test->name_);
  }

  Print("[==========] %d tests ran.\n", passed + failed);
  Print("[  PASSED  ] %d tests.\n", passed);
  if (failed == 0) {
    Print("~~~ALL TESTS PASSED~~~\n");
    return kTfLiteOk;
  }
  Print("[  FAILED  ] %d tests, listed below:\n", failed);
  for (TestCase* test = first(); test != nullptr; test = test->next_) {
    if (test->failed_) {
      Print("[  FAILED  ] %s.%s\n", test->suite_, test->name_);
    }
  }
  return kTfLiteError;
}

inline bool HasFatalFailure() { return TestCase::fatal(); }
inline bool HasNonfatalFailure() { return TestCase::nonfatal(); }
inline bool HasFailure() { return HasFatalFailure() || HasNonfatalFailure(); }

inline void FailWithMessage(const char* file, int line, Severity severity,
                            const char* message) {
  Print("%s:%d: Failure\n", file, line);
  Print("Failed: %s\n", message);
  TestCase::Fail(severity);
}

template <typename A, typename B>
void FailComparison(const char* file, int line, Severity severity,
                    const char* left, const char* op, const char* right,
                    const A& a, const B& b) {
  Print("%s:%d: Failure\n", file, line);
  Print("  Expression:  %s %s %s\n", left, op, right);
  Print("  Evaluated:   ");
  PrintValue(a);
  Print(" %s ", op);
  PrintValue(b);
  Print("\n");
  TestCase::Fail(severity);
}

template <typename D, typename E>
void FailNear(const char* file, int line, Severity severity, const char* left,
              const char* right, const char* bound, const D& distance,
              const E& epsilon) {
  Print("%s:%d: Failure\n", file, line);
  Print("  Expression: |%s - %s| <= %s\n", left, right, bound);
  Print("  Evaluated:  ");
  PrintValue(distance);
  Print(" <= ");
  PrintValue(epsilon);
  Print("\n");
  TestCase::Fail(severity);
}

inline bool SameText(const char* a, const char* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return std::strcmp(a, b) == 0;
}

}  // namespace micro_test

namespace tflite {
inline void InitializeTest() { InitializeTarget(); }
}  // namespace tflite

namespace testing {

// What a fixture for TEST_F derives from.
class Test {
 public:
  virtual ~Test() = default;
  virtual void SetUp() {}
  virtual void TearDown() {}

  static bool HasFatalFailure() { return micro_test::HasFatalFailure(); }
  static bool HasNonfatalFailure() { return micro_test::HasNonfatalFailure(); }
  static bool HasFailure() { return micro_test::HasFailure(); }
};

}  // namespace testing

inline bool HasFatalFailure() { return micro_test::HasFatalFailure(); }
inline bool HasNonfatalFailure() { return micro_test::HasNonfatalFailure(); }
inline bool HasFailure() { return micro_test::HasFailure(); }

#define TEST(suite, name)                                                   \
  static void suite##_##name##_Test();                                      \
  static micro_test::TestCase suite##_##name##_Case(#suite, #name,          \
                                                    suite##_##name##_Test); \
  static void suite##_##name##_Test()

#define TEST_F(fixture, name)                                               \
  static_assert(std::is_base_of<testing::Test, fixture>::value,             \
                #fixture " is no testing::Test");                           \
  class fixture##_##name : public fixture {                                 \
   public:                                                                  \
    void Body();                                                            \
  };                                                                        \
  static micro_test::TestCase fixture##_##name##_Case(#fixture, #name, [] { \
    fixture##_##name test;                                                  \
    test.SetUp();                                                           \
    test.Body();                                                            \
    test.TearDown();                                                        \
  });                                                                       \
  void fixture##_##name::Body()

// Everything below is one of these two, with a severity and with what to do
// after a failure. `holds` sees the values as va and vb.
#define MICRO_TEST_COMPARE(a, b, op, holds, severity, after)                 \
  do {                                                                       \
    auto va = (a);                                                           \
    auto vb = (b);                                                           \
    if (!(holds)) {                                                          \
      micro_test::FailComparison(__FILE__, __LINE__,                         \
                                 micro_test::Severity::severity, #a, op, #b, \
                                 va, vb);                                    \
      after;                                                                 \
    }                                                                        \
  } while (false)

#define MICRO_TEST_NEAR(a, b, epsilon, severity, after)                        \
  do {                                                                         \
    auto va = (a);                                                             \
    auto vb = (b);                                                             \
    auto distance = va > vb ? va - vb : vb - va;                               \
    if (va != vb && !(distance <= (epsilon))) {                                \
      micro_test::FailNear(__FILE__, __LINE__, micro_test::Severity::severity, \
                           #a, #b, #epsilon, distance, epsilon);               \
      after;                                                                   \
    }                                                                          \
  } while (false)

#define MICRO_TEST_CONTINUE static_cast<void>(0)
#define MICRO_TEST_EXPECT(a, b, op, holds) \
  MICRO_TEST_COMPARE(a, b, op, holds, kNonfatal, MICRO_TEST_CONTINUE)
#define MICRO_TEST_ASSERT(a, b, op, holds) \
  MICRO_TEST_COMPARE(a, b, op, holds, kFatal, return)

#define EXPECT_TRUE(x) MICRO_TEST_EXPECT(x, true, "==", !!va == vb)
#define EXPECT_FALSE(x) MICRO_TEST_EXPECT(x, false, "==", !!va == vb)
#define EXPECT_EQ(a, b) MICRO_TEST_EXPECT(a, b, "==", va == vb)
#define EXPECT_NE(a, b) MICRO_TEST_EXPECT(a, b, "!=", va != vb)
#define EXPECT_GT(a, b) MICRO_TEST_EXPECT(a, b, ">", va > vb)
#define EXPECT_LT(a, b) MICRO_TEST_EXPECT(a, b, "<", va < vb)
#define EXPECT_GE(a, b) MICRO_TEST_EXPECT(a, b, ">=", va >= vb)
#define EXPECT_LE(a, b) MICRO_TEST_EXPECT(a, b, "<=", va <= vb)
#define EXPECT_STREQ(a, b) \
  MICRO_TEST_EXPECT(a, b, "==", micro_test::SameText(va, vb))
#define EXPECT_STRNE(a, b) \
  MICRO_TEST_EXPECT(a, b, "!=", !micro_test::SameText(va, vb))
#define EXPECT_NEAR(a, b, epsilon) \
  MICRO_TEST_NEAR(a, b, epsilon, kNonfatal, MICRO_TEST_CONTINUE)
#define EXPECT_FLOAT_EQ(a, b) \
  EXPECT_NEAR(a, b, 4 * std::numeric_limits<float>::epsilon())

#define ASSERT_TRUE(x) MICRO_TEST_ASSERT(x, true, "==", !!va == vb)
#define ASSERT_FALSE(x) MICRO_TEST_ASSERT(x, false, "==", !!va == vb)
#define ASSERT_EQ(a, b) MICRO_TEST_ASSERT(a, b, "==", va == vb)
#define ASSERT_NE(a, b) MICRO_TEST_ASSERT(a, b, "!=", va != vb)
#define ASSERT_GT(a, b) MICRO_TEST_ASSERT(a, b, ">", va > vb)
#define ASSERT_LT(a, b) MICRO_TEST_ASSERT(a, b, "<", va < vb)
#define ASSERT_GE(a, b) MICRO_TEST_ASSERT(a, b, ">=", va >= vb)
#define ASSERT_LE(a, b) MICRO_TEST_ASSERT(a, b, "<=", va <= vb)
#define ASSERT_STREQ(a, b) \
  MICRO_TEST_ASSERT(a, b, "==", micro_test::SameText(va, vb))
#define ASSERT_STRNE(a, b) \
  MICRO_TEST_ASSERT(a, b, "!=", !micro_test::SameText(va, vb))
#define ASSERT_NEAR(a, b, epsilon) \
  MICRO_TEST_NEAR(a, b, epsilon, kFatal, return)
#define ASSERT_FLOAT_EQ(a, b) \
  ASSERT_NEAR(a, b, 4 * std::numeric_limits<float>::epsilon())

#define ADD_FAILURE(msg)                          \
  micro_test::FailWithMessage(__FILE__, __LINE__, \
                              micro_test::Severity::kNonfatal, msg)
#define FAIL(msg)                                                   \
  do {                                                              \
    micro_test::FailWithMessage(__FILE__, __LINE__,                 \
                                micro_test::Severity::kFatal, msg); \
    return;                                                         \
  } while (false)

#define RUN_ALL_TESTS() micro_test::TestCase::RunAll()

#define TF_LITE_MICRO_TESTS_MAIN \
  int main(int, char**) {        \
    tflite::InitializeTest();    \
    return RUN_ALL_TESTS();      \
  }

#endif  // TENSORFLOW_LITE_MICRO_TESTING_MICRO_TEST_V2_H_
