Feature: OAuth sessions
  An OAuth session stands for the tokens that one user holds with one Viewer integration. The login
  endpoint of the integration begins it, the provider's consent fills it, the logout endpoint ends it.
  There is never more than one for a user and an integration, and one is enough for all content.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" may view "app"

  Rule: The login endpoint begins a session

    @OI-052
    Scenario: A session names its user and its integration and whether tokens are held
      Given "bob" may view "app"
      And "bob" has begun to log in to "crm"
      When "alice" logs in to "crm"
      Then the session of "alice" with "crm" names both and says that a refresh token is held
      And the session of "bob" with "crm" names both and says that no refresh token is held

    @OI-053
    Scenario: Visiting the login endpoint is enough
      Given "alice" has no session with "crm"
      When "alice" begins to log in to "crm"
      Then "alice" has one session with "crm"

    @OI-054
    Scenario: An integration that no content uses has a login endpoint as well
      Given a Viewer integration "spare"
      When "alice" begins to log in to "spare"
      Then "alice" is sent to the provider of "spare"

    @OI-055
    Scenario: The login endpoint is found by the guid of the integration
      Given "alice" has begun to log in to "crm"
      When "alice" begins to log in to an integration that does not exist
      Then the login does not lead to the provider

    @OI-056
    Scenario: The login endpoint sends the user to the provider
      When "alice" begins to log in to "crm"
      Then "alice" is sent to the provider of "crm"

  Rule: A session holds tokens once the user has authenticated at the provider

    @OI-057
    Scenario: Before that it holds no access token
      Given "bob" may view "app"
      And "bob" is logged in to "crm"
      And "bob" has visited "app" and it obtained a token
      When "alice" begins to log in to "crm"
      And "alice" visits "app"
      Then "app" obtains no token

    @OI-058
    Scenario: Before that it holds no refresh token
      Given "bob" may view "app"
      And "bob" is logged in to "crm"
      When "alice" begins to log in to "crm"
      Then the session of "alice" with "crm" says that no refresh token is held
      And "alice" is sent to log in to "crm" when she opens "app" in her browser
      And "bob" is not sent to log in when he opens "app" in his browser

    @OI-059
    Scenario: After that it holds an access token
      When "alice" logs in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice"

    @OI-060
    Scenario: After that it holds a refresh token
      When "alice" logs in to "crm"
      Then the session of "alice" with "crm" says that a refresh token is held
      And "alice" is not sent to log in when she opens "app" in her browser

    @OI-061
    Scenario: A user whom the provider refuses gets no tokens
      Given "bob" may view "app"
      And "bob" is logged in to "crm"
      And "bob" has visited "app" and it obtained a token
      And the provider refuses "alice"
      When "alice" tries to log in to "crm"
      And "alice" visits "app"
      Then "app" obtains no token
      And the session of "alice" with "crm" holds no refresh token

    @OI-062
    Scenario: The user is sent back to the server
      When "alice" logs in to "crm"
      Then the login ends at the server

  Rule: After the login the browser is at the server

    @OI-119
    Scenario: A login that opening the content has started ends at the content
      Given "alice" is sent to log in to "crm" when she opens "app" in her browser
      When "alice" opens "app" in her browser and logs in
      Then "app" answers

    @SEC-004
    Scenario Outline: A login that is asked to return to <address> does not leave the server
      When "alice" logs in to "crm" with the return address "<address>"
      Then the browser has not left the server

      Examples:
        | address                                |
        | https://elsewhere.example.com/content/   |
        | //elsewhere.example.com/content/         |
        | /\\elsewhere.example.com/content/        |
        | https:elsewhere.example.com              |
        | javascript:alert(1)                      |
        | <server>content/%zz                    |

    @SEC-004
    Scenario: A login that a page of another site has started does not leave the server
      When "alice" logs in to "crm" from the page "https://elsewhere.example.com/content/"
      Then the browser has not left the server

  Rule: The logout endpoint ends a session

    @OI-063
    Scenario: The session is deleted
      Given "alice" is logged in to "crm"
      And "alice" has one session with "crm"
      When "alice" logs out of "crm"
      Then "alice" has no session with "crm"

    @OI-064
    Scenario: The tokens are deleted
      Given "alice" is logged in to "crm"
      And "alice" has visited "app" and it obtained a token
      When "alice" logs out of "crm"
      And "alice" visits "app"
      Then "app" obtains no token
      And "alice" is sent to log in to "crm" when she opens "app" in her browser

    @OI-065
    Scenario: The sessions of other users stay
      Given "bob" may view "app"
      And "alice" is logged in to "crm"
      And "bob" is logged in to "crm"
      When "alice" logs out of "crm"
      And "bob" visits "app"
      Then "app" obtains a token of "bob"
      And "alice" has no session with "crm"

    @OI-066
    Scenario: The user's sessions with other integrations stay
      Given a Viewer integration "erp"
      And "paula" has published python-api content "books"
      And "books" is associated with "erp"
      And "alice" may view "books"
      And "alice" is logged in to "crm"
      And "alice" is logged in to "erp"
      When "alice" logs out of "crm"
      And "alice" visits "books"
      Then "books" obtains a token of "alice"
      And "alice" has one session with "erp"
      And "alice" has no session with "crm"

    @OI-067
    Scenario: The logout endpoint is found by the guid of the integration
      Given a Viewer integration "erp"
      And "alice" is logged in to "crm"
      And "alice" is logged in to "erp"
      When "alice" logs out of "erp"
      Then "alice" has no session with "erp"
      And "alice" has one session with "crm"

  Rule: A session can be deleted through the API

    Scenario Outline: <who> deletes the session, and the user has to log in again
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

  Rule: What ends a user's access ends it for content at once

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
        | "alice" may no longer view "app"                  |

  Rule: A user has one session with an integration

    @OI-084
    Scenario: Logging in twice
      When "alice" logs in to "crm"
      And "alice" logs in to "crm"
      Then "alice" has one session with "crm"
      And "alice" is not sent to log in when she opens "app" in her browser

    @OI-084
    Scenario: Logging in twenty times at once
      When "alice" logs in to "crm" from 20 browsers at once
      Then "alice" has one session with "crm"
      And the session of "alice" with "crm" says that a refresh token is held
      And "alice" is not sent to log in when she opens "app" in her browser

    @OI-085
    Scenario: A second login is no error
      Given "alice" is logged in to "crm"
      When "alice" begins to log in to "crm"
      Then "alice" is sent to the provider of "crm"
      When "alice" logs in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice"

    @OI-086
    Scenario: Two users have a session each
      When "alice" logs in to "crm"
      And "bob" logs in to "crm"
      Then "alice" has one session with "crm"
      And "bob" has one session with "crm"

    @OI-087
    Scenario: One user has a session for each integration
      Given a Viewer integration "erp"
      When "alice" logs in to "crm"
      And "alice" logs in to "erp"
      Then "alice" has one session with "crm"
      And "alice" has one session with "erp"

  Rule: One integration and one login serve all content

    @OI-088 @OI-089
    Scenario: Two items share an integration
      Given "paula" has published python-api content "second"
      And "second" is associated with "crm"
      And "alice" may view "second"
      When "alice" logs in to "crm"
      And "alice" visits "app"
      Then "app" obtains a token of "alice" (OI-088)
      When "alice" visits "second"
      Then "second" obtains a token of "alice" (OI-089)
      And the provider has authenticated "alice" once (OI-089)

  Rule: Only opening content in a browser leads to the login

    @OI-120
    Scenario Outline: Alice is not logged in, and the content answers when <request>
      Given "alice" is sent to log in to "crm" when she opens "app" in her browser
      When "alice" <request>
      Then "app" answers

      Examples:
        | request                                  |
        | submits a form to "app"                  |
        | opens "app" in a frame of the dashboard  |
        | opens a WebSocket to "app"               |

  Rule: A refresh token makes the difference between logged in and not

    @OI-090
    Scenario: With a refresh token
      When "alice" logs in to "crm"
      Then the session of "alice" with "crm" says that a refresh token is held
      And "alice" is not sent to log in when she opens "app" in her browser

    @OI-091
    Scenario: With an access token alone
      Given a Viewer integration "online" without offline access
      And "paula" has published python-api content "meter"
      And "meter" is associated with "online"
      And "alice" may view "meter"
      And "alice" is logged in to "crm"
      And "alice" is not sent to log in when she opens "app" in her browser
      When "alice" tries to log in to "online"
      Then "alice" is sent to log in to "online" when she opens "meter" in her browser

  Rule: A Service Account integration has no login

    @OI-116
    Scenario: Its login endpoint begins nothing
      Given a Service Account integration "warehouse"
      And "alice" has begun to log in to "crm"
      When "alice" begins to log in to "warehouse"
      Then the login is refused
      And "alice" has no session with "warehouse"
      And the provider of "warehouse" has seen no authorization request
