Feature: Integrations and visitors who are not signed in
  Content can be opened to anyone, and a share link shows it to whoever holds the link. A proxy lets
  such visitors through once the server knows a login page to which it can send everybody else. Their
  content has no viewer, so it obtains the token of a service account or none.

  | type            | anyone, no login | share link |
  | Viewer          | no               | no         |
  | Service Account | yes              | yes        |

  Background:
    Given a server configured with:
      | ProxyAuth.LoginURL | https://login.example.com/ |
    And a publisher "paula"
    And a Viewer integration "crm"
    And a Service Account integration "warehouse"

  Rule: Anyone, without login

    @OI-019
    Scenario: A Service Account integration on content that is open to anyone
      Given "paula" has published python-api content "app"
      And "app" is associated with "warehouse"
      And "app" is open to anyone without login
      When somebody who is not signed in visits "app"
      Then "app" obtains a token of "warehouse"

    @OI-017
    Scenario: A Viewer integration on content that is open to anyone
      Given "paula" has published python-api content "app"
      And "app" is associated with "warehouse"
      And "app" is open to anyone without login
      And "paula" is logged in to "crm"
      And somebody who is not signed in has visited "app" and it obtained a token
      When "paula" puts "crm" in the place of "warehouse" on "app"
      And somebody who is not signed in visits "app"
      Then "app" obtains no token

    @OI-118
    Scenario: A visitor who is signed in is no exception
      Given "paula" has published python-api content "app"
      And "app" is associated with "crm"
      And "alice" may view "app"
      And "alice" is logged in to "crm"
      And "alice" has visited "app" and it obtained a token
      When "app" is open to anyone without login
      And "alice" visits "app"
      Then "app" obtains no token

  Rule: Share links

    @OI-020
    Scenario: A Service Account integration through a share link
      Given "paula" has published python-api content "app"
      And "app" is associated with "warehouse"
      And "paula" has a share link to "app"
      When somebody who is not signed in follows the share link to "app"
      Then "app" obtains a token of "warehouse"

    @OI-018
    Scenario: A Viewer integration through a share link
      Given "paula" has published python-api content "app"
      And "app" is associated with "warehouse"
      And "paula" has a share link to "app"
      And "paula" is logged in to "crm"
      And somebody who is not signed in has followed the share link to "app" and it obtained a token
      When "paula" puts "crm" in the place of "warehouse" on "app"
      And somebody who is not signed in follows the share link to "app"
      Then "app" obtains no token

    @SEC-041 @direct
    Scenario: A share link with another ending shows nothing
      Given "paula" has published python-api content "app"
      And "app" is associated with "warehouse"
      And "paula" has a share link to "app"
      And somebody who is not signed in has followed the share link to "app" and it obtained a token
      When somebody who is not signed in follows the share link to "app" with another ending
      Then the visit is refused or asked to log in

  Rule: A Service Account integration asks nobody who visits

    @OI-009
    Scenario: The token is the service account's, whoever visits
      Given "paula" has published python-api content "app"
      And "app" is associated with "warehouse"
      And "alice" may view "app"
      And "bob" may view "app"
      And "app" is open to anyone without login
      When "alice" visits "app"
      Then "app" obtains a token of "warehouse"
      When "bob" visits "app"
      Then "app" obtains a token of "warehouse"
      When somebody who is not signed in visits "app"
      Then "app" obtains a token of "warehouse"
