Feature: Renewal of access tokens
  The server renews an expired access token of a Viewer integration with the refresh token. Providers
  replace the refresh token on each use and treat a second use as theft. The server therefore stores the
  new refresh token and uses each one only once.

  Background:
    Given a publisher "paula"
    And the access tokens of the provider expire after 2 seconds
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"
    And "alice" is logged in to "crm"
    And "alice" has visited "app" and it obtained a token

  @SEC-008 @direct
  Scenario: The server renews an expired access token and uses the new refresh token for the next renewal
    When the access token of "alice" has expired
    And "alice" visits "app"
    Then "app" obtains a token of "alice"
    When the access token of "alice" has expired
    And "alice" visits "app"
    Then "app" obtains a token of "alice"
    And the provider has accepted each refresh token that was presented

  @SEC-008 @direct
  Scenario: Visits at the same time do not use a refresh token twice
    When the access token of "alice" has expired
    And "alice" visits "app" 8 times at once
    Then each visit of "app" obtains a token of "alice"
    And the provider has accepted each refresh token that was presented
    And the session of "alice" with "crm" shows that she is logged in

  @SEC-008 @direct
  Scenario: A user whose grant the provider has revoked has to log in again
    When the provider revokes the grants of "alice"
    And the access token of "alice" has expired
    And "alice" visits "app"
    Then "app" obtains no token
    And no session of "alice" with "crm" holds a refresh token
    And "alice" is sent to log in to "crm" when she opens "app" in her browser

  @SEC-040 @direct
  Scenario Outline: The login ends if the provider answers a renewal with "<error>" and the status <how>
    Given the provider answers renewals with "<error>" and the status <how>
    When the access token of "alice" has expired
    And "alice" visits "app"
    Then "app" obtains no token
    And no session of "alice" with "crm" holds a refresh token

    Examples: Errors that require a new login by the user
      | error             | how               |
      | login_required    | 400               |
      | invalid_grant     | 400 as plain text |
      | bad_refresh_token | 200               |

  @SEC-040 @direct
  Scenario Outline: The server retries a renewal that the provider answered with "<error>" and the status <status>
    Given the provider answers renewals with "<error>" and the status <status>
    When the access token of "alice" has expired
    And "alice" visits "app"
    Then "app" obtains no token
    And the session of "alice" with "crm" shows that she is logged in
    When the provider answers as it should again
    And "alice" visits "app"
    Then "app" obtains a token of "alice"

    Examples: Temporary errors and errors that the administrator can correct
      | error                   | status |
      | temporarily_unavailable | 503    |
      | invalid_client          | 401    |
