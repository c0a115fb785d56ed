Feature: Authorization replies of the provider
  The provider redirects the browser back with a code and with the state that the server created for one
  login of one user in one browser. A reply that is incomplete or changed, or that belongs to the login of
  another user, gives no tokens. If the provider names its issuer in the reply (RFC 9207), the server
  refuses a reply with another issuer.

  Background:
    Given a Viewer integration "crm"

  @SEC-003 @direct
  Scenario: An unchanged reply of the provider completes the login
    Given "alice" has authenticated at the provider of "crm"
    When "alice" returns from the provider with the answer unchanged
    Then the session of "alice" with "crm" shows that she is logged in

  @direct
  Scenario Outline: A user who returns from the provider <how> obtains no refresh token
    Given "bob" is logged in to "crm"
    And "alice" has authenticated at the provider of "crm"
    When "alice" returns from the provider <how>
    Then no session of "alice" with "crm" holds a refresh token

    Examples:
      | rule    | how                                      |
      | SEC-003 | without the state                        |
      | SEC-003 | with an empty state                      |
      | SEC-003 | with another state                       |
      | SEC-003 | with a second state                      |
      | SEC-003 | without the code                         |
      | SEC-003 | with an empty code                       |
      | SEC-003 | with a second code                       |
      | SEC-003 | with an error beside the code            |
      | SEC-003 | in another browser                       |
      | SEC-003 | with a form                              |
      | SEC-039 | with the issuer of another provider      |
      | SEC-039 | with another issuer of the same provider |

  @SEC-003 @direct
  Scenario: A reply with the state of the user's login to another integration gives no tokens
    Given a Viewer integration "erp"
    And "bob" is logged in to "crm"
    And "alice" has authenticated at the provider of "erp"
    And "alice" has authenticated at the provider of "crm"
    When "alice" returns from the provider with the state of the login before
    Then no session of "alice" with "crm" holds a refresh token
    And no session of "alice" with "erp" holds a refresh token

  @SEC-003 @direct
  Scenario: A reply that returns in a browser in which no user is signed in gives no tokens
    Given "bob" is logged in to "crm"
    And "alice" has authenticated at the provider of "crm"
    When an anonymous visitor returns from the provider with the answer unchanged
    Then no session of "alice" with "crm" holds a refresh token

  @SEC-003 @direct
  Scenario: A reply that returns a second time changes nothing
    Given a publisher "paula"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"
    And "alice" has authenticated at the provider of "crm"
    When "alice" returns from the provider with the answer unchanged
    And "alice" returns from the provider with the answer unchanged
    Then the session of "alice" with "crm" shows that she is logged in
    When "alice" visits "app"
    Then "app" obtains a token of "alice"

  @SEC-003 @direct
  Scenario Outline: A user who returns from the provider <how> stays logged in as before
    Given a publisher "paula"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"
    And "alice" is logged in to "crm"
    And "alice" has authenticated at the provider of "crm"
    When "alice" returns from the provider <how>
    Then the session of "alice" with "crm" shows that she is logged in
    When "alice" visits "app"
    Then "app" obtains a token of "alice"

    Examples:
      | how                           |
      | without the state             |
      | with another state            |
      | without the code              |
      | with an error beside the code |
      | in another browser            |

  @SEC-003 @direct
  Scenario: A reply of the provider that another user presents gives neither user a refresh token
    Given "carol" is logged in to "crm"
    And "alice" has authenticated at the provider of "crm"
    When "bob" returns from the provider with the answer for "alice"
    Then no session of "bob" with "crm" holds a refresh token
    And no session of "alice" with "crm" holds a refresh token
