Feature: Answers of the provider
  The provider sends the browser back with a code and with the state that the server gave it. Who brings
  another answer, or the answer of another person's login, must not obtain tokens by it: the state belongs
  to one login of one user in one browser. Where the provider says in its answer who it is (RFC 9207), an
  answer that another provider gave counts for nothing.

  Background:
    Given a Viewer integration "crm"

  @SEC-003 @direct
  Scenario: The answer of the provider completes the login
    Given "alice" has authenticated at the provider of "crm"
    When "alice" returns from the provider with the answer unchanged
    Then the session of "alice" with "crm" says that a refresh token is held

  @direct
  Scenario Outline: Returning <how> gives no tokens
    Given "bob" is logged in to "crm"
    And "alice" has authenticated at the provider of "crm"
    When "alice" returns from the provider <how>
    Then the session of "alice" with "crm" holds no refresh token

    Examples:
      | rule    | how                                      |
      | SEC-003 | without the state                        |
      | SEC-003 | with another state                       |
      | SEC-003 | without the code                         |
      | SEC-003 | with an error beside the code            |
      | SEC-003 | in another browser                       |
      | SEC-039 | with the issuer of another provider      |
      | SEC-039 | with another issuer of the same provider |

  @SEC-003 @direct
  Scenario: An answer that another user brings gives no tokens to either
    Given "carol" is logged in to "crm"
    And "alice" has authenticated at the provider of "crm"
    When "bob" returns from the provider in the place of "alice"
    Then the session of "bob" with "crm" holds no refresh token
    And the session of "alice" with "crm" holds no refresh token
