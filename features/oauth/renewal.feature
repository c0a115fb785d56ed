Feature: Renewal of access tokens
  An access token of a Viewer integration expires after a while. The server then obtains another one with
  the refresh token, without the user noticing. Providers replace the refresh token with each use, and
  take the second use of one for theft, so the server has to store the new one and must not use one twice.

  Background:
    Given a publisher "paula"
    And the access tokens of the provider expire after 2 seconds
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" may view "app"
    And "alice" is logged in to "crm"
    And "alice" has visited "app" and it obtained a token

  @SEC-008 @direct
  Scenario: An access token that has expired is renewed, and the new refresh token renews it the next time
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
    And the session of "alice" with "crm" says that a refresh token is held

  @SEC-008 @direct
  Scenario: A user whose grant the provider has ended has to log in again
    When the provider ends what "alice" has granted
    And the access token of "alice" has expired
    And "alice" visits "app"
    Then "app" obtains no token
    And the session of "alice" with "crm" holds no refresh token
    And "alice" is sent to log in to "crm" when she opens "app" in her browser

  @SEC-040 @direct
  Scenario Outline: A renewal that is answered with "<error>" and the status <how> ends the login
    Given the provider answers renewals with "<error>" and the status <how>
    When the access token of "alice" has expired
    And "alice" visits "app"
    Then "app" obtains no token
    And the session of "alice" with "crm" holds no refresh token

    Examples: Errors that only the user can mend
      | error             | how               |
      | login_required    | 400               |
      | invalid_grant     | 400 as plain text |
      | bad_refresh_token | 200               |

  @SEC-040 @direct
  Scenario Outline: A renewal that is answered with "<error>" and the status <status> is tried again
    Given the provider answers renewals with "<error>" and the status <status>
    When the access token of "alice" has expired
    And "alice" visits "app"
    Then "app" obtains no token
    And the session of "alice" with "crm" says that a refresh token is held
    When the provider answers renewals again
    And "alice" visits "app"
    Then "app" obtains a token of "alice"

    Examples: Errors that pass, or that the administrator can mend
      | error                   | status |
      | temporarily_unavailable | 503    |
      | invalid_client          | 401    |
