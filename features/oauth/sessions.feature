Feature: OAuth sessions
  An OAuth session holds metadata about the tokens of one user for one Viewer integration. The login
  endpoint of the integration creates the session, a completed login adds the tokens, and the logout
  endpoint deletes both. A user has at most one session with an integration, and it serves all content.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"

  Rule: The login endpoint creates an OAuth session

    @OI-052
    Scenario: An OAuth session shows its user, its integration and whether it holds a refresh token
      Given "bob" has Viewer permission on "app"
      And "bob" has begun to log in to "crm"
      When "alice" logs in to "crm"
      Then the session of "alice" with "crm" shows that she is logged in
      And the session of "bob" with "crm" shows that he is not logged in

    @OI-053
    Scenario: Visiting the login endpoint creates an OAuth session
      Given "alice" has no session with "crm"
      When "alice" begins to log in to "crm"
      Then "alice" has one session with "crm"

    @OI-054
    Scenario: An integration that is not associated with any content has a login endpoint
      Given a Viewer integration "spare"
      When "alice" begins to log in to "spare"
      Then the browser is sent to the provider of "spare"

    @OI-055
    Scenario: A login to an integration that does not exist does not lead to the provider
      Given "alice" has begun to log in to "crm"
      When "alice" begins to log in to an integration that does not exist
      Then the login does not lead to the provider

    @OI-056
    Scenario: The login endpoint redirects the user to the provider of the integration
      When "alice" begins to log in to "crm"
      Then the browser is sent to the provider of "crm"

  Rule: An OAuth session holds tokens after the user has authenticated at the provider

    @OI-057
    Scenario: An OAuth session that was started but not completed gives content no access token
      Given "bob" has Viewer permission on "app"
      And "bob" is logged in to "crm"
      And "bob" has visited "app" and it obtained a token
      When "alice" begins to log in to "crm"
      And "alice" visits "app"
      Then "app" obtains no token

    @OI-058
    Scenario: An OAuth session that was started but not completed holds no refresh token
      Given "bob" has Viewer permission on "app"
      And "bob" is logged in to "crm"
      When "alice" begins to log in to "crm"
      Then the session of "alice" with "crm" shows that she is not logged in
      And "alice" is sent to log in to "crm" when she opens "app" in her browser
      And "bob" is not sent to log in when he opens "app" in his browser

    @OI-059
    Scenario: Content obtains the user's access token after a completed login
      When "alice" logs in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice"

    @OI-060
    Scenario: An OAuth session holds a refresh token after a completed login
      When "alice" logs in to "crm"
      Then the session of "alice" with "crm" shows that she is logged in
      And "alice" is not sent to log in when she opens "app" in her browser

    @OI-061
    Scenario: A user obtains no tokens if the provider denies the login
      Given "bob" has Viewer permission on "app"
      And "bob" is logged in to "crm"
      And "bob" has visited "app" and it obtained a token
      And the provider denies the authorization of "alice"
      When "alice" tries to log in to "crm"
      And "alice" visits "app"
      Then "app" obtains no token
      And no session of "alice" with "crm" holds a refresh token

    @OI-062
    Scenario: A user returns to the server after authentication at the provider
      When "alice" logs in to "crm"
      Then the login ends at the server

  Rule: A login ends at the server

    @OI-119
    Scenario: A login that started when the user opened content ends at the content
      Given "alice" is sent to log in to "crm" when she opens "app" in her browser
      When "alice" opens "app" in her browser and logs in
      Then "app" answers

    @SEC-004
    Scenario Outline: A login with the return address <address> ends at the server
      When "alice" logs in to "crm" with the return address "<address>"
      Then the browser is sent to no other site than the server and the provider

      Examples:
        | address                                |
        | https://elsewhere.example.com/content/   |
        | //elsewhere.example.com/content/         |
        | /\\elsewhere.example.com/content/        |
        | https:elsewhere.example.com              |
        | javascript:alert(1)                      |
        | <server>content/%zz                    |

    @SEC-004
    Scenario: A login that was started from a page of another site ends at the server
      When "alice" logs in to "crm" from the page "https://elsewhere.example.com/content/"
      Then the browser is sent to no other site than the server and the provider

  Rule: The logout endpoint deletes an OAuth session

    @OI-063
    Scenario: A logout deletes the user's OAuth session with the integration
      Given "alice" is logged in to "crm"
      And "alice" has one session with "crm"
      When "alice" logs out of "crm"
      Then "alice" has no session with "crm"

    @OI-064
    Scenario: After a logout, content obtains no token and the user has to log in again
      Given "alice" is logged in to "crm"
      And "alice" has visited "app" and it obtained a token
      When "alice" logs out of "crm"
      And "alice" visits "app"
      Then "app" obtains no token
      And "alice" is sent to log in to "crm" when she opens "app" in her browser

    @OI-065
    Scenario: A logout does not affect the OAuth sessions of other users
      Given "bob" has Viewer permission on "app"
      And "alice" is logged in to "crm"
      And "bob" is logged in to "crm"
      When "alice" logs out of "crm"
      And "bob" visits "app"
      Then "app" obtains a token of "bob"
      And "alice" has no session with "crm"

    @OI-066
    Scenario: A logout does not affect the user's OAuth sessions with other integrations
      Given a Viewer integration "erp"
      And "paula" has published python-api content "books"
      And "books" is associated with "erp"
      And "alice" has Viewer permission on "books"
      And "alice" is logged in to "crm"
      And "alice" is logged in to "erp"
      When "alice" logs out of "crm"
      And "alice" visits "books"
      Then "books" obtains a token of "alice"
      And "alice" has one session with "erp"
      And "alice" has no session with "crm"

    @OI-067
    Scenario: The logout endpoint of an integration deletes only the OAuth session with this integration
      Given a Viewer integration "erp"
      And "alice" is logged in to "crm"
      And "alice" is logged in to "erp"
      When "alice" logs out of "erp"
      Then "alice" has no session with "erp"
      And "alice" has one session with "crm"

  Rule: Users and administrators delete OAuth sessions through the API

    Scenario Outline: After <who> deletes an OAuth session, content obtains no token and the user has to log in again
      Given "alice" is logged in to "crm"
      And "alice" has visited "app" and it obtained a token
      When <who> deletes the session of "alice" with "crm"
      Then "alice" has no session with "crm"
      When "alice" visits "app"
      Then "app" obtains no token
      And "alice" is sent to log in to "crm" when she opens "app" in her browser

      Examples:
        | rule   | who               |
        | OI-070 | "alice"           |
        | OI-077 | the administrator |

  Rule: Revoked access takes effect at the next visit to content

    @SEC-009
    Scenario Outline: Content obtains no token after <change>
      Given "alice" is logged in to "crm"
      And "alice" has visited "app" and it obtained a token
      When <change>
      And "alice" visits "app"
      Then "app" obtains no token

      Examples:
        | change                                            |
        | the administrator deletes the integration "crm"   |
        | the administrator locks "alice"                   |
        | "app" is no longer associated with an integration |
        | "alice" no longer has Viewer permission on "app"  |

  Rule: A user has one OAuth session with an integration

    @OI-084
    Scenario: A user who logs in twice has one OAuth session
      When "alice" logs in to "crm"
      And "alice" logs in to "crm"
      Then "alice" has one session with "crm"
      And "alice" is not sent to log in when she opens "app" in her browser

    @OI-084
    Scenario: A user who logs in from 20 browsers at once has one OAuth session
      When "alice" logs in to "crm" from 20 browsers at once
      Then "alice" has one session with "crm"
      And the session of "alice" with "crm" shows that she is logged in
      And "alice" is not sent to log in when she opens "app" in her browser

    @OI-085
    Scenario: A user who is already logged in can log in again
      Given "alice" is logged in to "crm"
      When "alice" begins to log in to "crm"
      Then the browser is sent to the provider of "crm"
      When "alice" logs in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice"

    @OI-086
    Scenario: Two users have separate OAuth sessions with the same integration
      When "alice" logs in to "crm"
      And "bob" logs in to "crm"
      Then "alice" has one session with "crm"
      And "bob" has one session with "crm"

    @OI-087
    Scenario: A user has a separate OAuth session with each integration
      Given a Viewer integration "erp"
      When "alice" logs in to "crm"
      And "alice" logs in to "erp"
      Then "alice" has one session with "crm"
      And "alice" has one session with "erp"

  Rule: One integration and one login serve several content items

    @OI-088 @OI-089
    Scenario: Two content items with the same integration obtain tokens of a user after one login
      Given "paula" has published python-api content "second"
      And "second" is associated with "crm"
      And "alice" has Viewer permission on "second"
      When "alice" logs in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice" (OI-088)
      When "alice" visits "second"
      Then "second" obtains a token of "alice" (OI-089)
      And the provider has authenticated "alice" once (OI-089)

  Rule: Only a browser that opens content directly is redirected to the login endpoint

    @OI-120
    Scenario Outline: A user who <request> reaches the content without a login to the integration
      Given "alice" is sent to log in to "crm" when she opens "app" in her browser
      When "alice" <request>
      Then "app" answers

      Examples:
        | request                                  |
        | submits a form to "app"                  |
        | opens "app" in a frame of the dashboard  |
        | opens a WebSocket to "app"               |

  Rule: A user is logged in to an integration if the OAuth session holds a refresh token

    @OI-090
    Scenario: A user whose OAuth session holds a refresh token opens content without a redirect to the login endpoint
      When "alice" logs in to "crm"
      Then the session of "alice" with "crm" shows that she is logged in
      And "alice" is not sent to log in when she opens "app" in her browser

    @OI-091
    Scenario: A user whose login yields no refresh token is redirected to the login endpoint again
      Given a Viewer integration "online" without offline access
      And "paula" has published python-api content "meter"
      And "meter" is associated with "online"
      And "alice" has Viewer permission on "meter"
      And "alice" is logged in to "crm"
      And "alice" is not sent to log in when she opens "app" in her browser
      When "alice" tries to log in to "online"
      Given the provider of "online" has issued an access token
      Then the session of "alice" with "online" shows that she is not logged in
      And "alice" is sent to log in to "online" when she opens "meter" in her browser

  Rule: A Service Account integration has no login

    @OI-116
    Scenario: The login endpoint of a Service Account integration refuses the login and creates no OAuth session
      Given a Service Account integration "warehouse"
      And "alice" has begun to log in to "crm"
      When "alice" begins to log in to "warehouse"
      Then the login is refused
      And "alice" has no session with "warehouse"
      And the provider of "warehouse" has seen no authorization request
